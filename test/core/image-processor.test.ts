import { imageProcessorConfigSchema, imageToPixels, parseImageProcessor } from '../../lib/core/image-processor';

const VIT = {
  size: { height: 224, width: 224 },
  resample: 'bilinear',
  doResize: true,
  rescaleFactor: 1 / 255,
  imageMean: [0.5, 0.5, 0.5],
  imageStd: [0.5, 0.5, 0.5],
};

describe('parseImageProcessor', () => {
  it("takes transformers' defaults for what the file leaves out or says null to", () => {
    const nulls = { size: null, resample: null, image_mean: null, do_resize: null, do_center_crop: null };

    expect(parseImageProcessor({})).toEqual(VIT);
    expect(parseImageProcessor(nulls)).toEqual(VIT);
  });

  it.each(['ViTImageProcessor', 'ViTImageProcessorFast', 'ViTImageProcessorPil', 'ViTFeatureExtractor'])(
    'knows %s under the new and the old key',
    (name) => {
      expect(parseImageProcessor({ image_processor_type: name })).toEqual(VIT);
      expect(parseImageProcessor({ feature_extractor_type: name })).toEqual(VIT);
    },
  );

  it('reads a size as a number, a pair of equals or height and width', () => {
    const sizeOf = (size: unknown) => parseImageProcessor({ size }).size;

    expect(sizeOf(384)).toEqual({ height: 384, width: 384 });
    expect(sizeOf([384, 384])).toEqual({ height: 384, width: 384 });
    expect(sizeOf({ height: 96, width: 160 })).toEqual({ height: 96, width: 160 });
    expect(sizeOf({ height: 96, width: 160, shortest_edge: null })).toEqual({ height: 96, width: 160 });
  });

  it.each([
    [0, 'nearest'],
    [1, 'lanczos'],
    [2, 'bilinear'],
    [3, 'bicubic'],
    [4, 'box'],
    [5, 'hamming'],
  ])('reads resample %i as %s', (resample, name) => {
    expect(parseImageProcessor({ resample }).resample).toBe(name);
  });

  it('turns a switched-off step into one that changes nothing', () => {
    const config = parseImageProcessor({
      do_rescale: false,
      do_normalize: false,
      do_resize: false,
      image_std: [2, 2, 2],
    });

    expect(config).toEqual({ ...VIT, doResize: false, rescaleFactor: 1, imageMean: [0, 0, 0], imageStd: [1, 1, 1] });
  });

  it('repeats a single mean or deviation for the three channels', () => {
    const config = parseImageProcessor({ image_mean: 0.25, image_std: 0.75 });

    expect(config.imageMean).toEqual([0.25, 0.25, 0.25]);
    expect(config.imageStd).toEqual([0.75, 0.75, 0.75]);
  });

  it('takes DeiT without its crop, with its own defaults', () => {
    const config = parseImageProcessor({ image_processor_type: 'DeiTImageProcessor', do_center_crop: false });

    expect(config).toEqual({ ...VIT, size: { height: 256, width: 256 }, resample: 'bicubic' });
  });

  it('answers what its schema describes', () => {
    const config = parseImageProcessor({ image_mean: [0.485, 0.456, 0.406] });

    expect(imageProcessorConfigSchema.parse(config)).toEqual(config);
  });

  it.each<[object, string, RegExp]>([
    [
      { image_processor_type: 'CLIPImageProcessor' },
      'ARCHITECTURE_UNSUPPORTED',
      /ViTImageProcessor.*image_processor_type.*CLIPImageProcessor/,
    ],
    [
      { image_processor_type: 'DeiTImageProcessor' },
      'ARCHITECTURE_UNSUPPORTED',
      /false for do_center_crop.*received true/,
    ],
    [{ do_center_crop: true, crop_size: 224 }, 'ARCHITECTURE_UNSUPPORTED', /do_center_crop/],
    [{ do_pad: true }, 'ARCHITECTURE_UNSUPPORTED', /do_pad/],
    [{ size: { shortest_edge: 256 } }, 'ARCHITECTURE_UNSUPPORTED', /height.*aspect ratio.*size.*shortest_edge.*256/],
    [{ size: { height: 224 } }, 'CHECKPOINT_INVALID', /height.*width.*size.*received \{"height":224\}/],
    [{ size: [224, 192] }, 'CHECKPOINT_INVALID', /size.*received \[224,192\]/],
    [{ size: 0 }, 'CHECKPOINT_INVALID', /1 to 4096.*size.*received 0/],
    [{ size: 'large' }, 'CHECKPOINT_INVALID', /size.*received "large"/],
    [{ resample: 7 }, 'CHECKPOINT_INVALID', /2 \(bilinear\).*resample.*received 7/],
    [{ rescale_factor: 0 }, 'CHECKPOINT_INVALID', /rescale_factor.*received 0/],
    [{ image_mean: [0.5, 0.5] }, 'CHECKPOINT_INVALID', /image_mean.*received \[0\.5,0\.5\]/],
    [{ image_std: [1, 0, 1] }, 'CHECKPOINT_INVALID', /above 0.*image_std.*received \[1,0,1\]/],
    [{ do_resize: 'yes' }, 'CHECKPOINT_INVALID', /true or false for do_resize.*received "yes"/],
    [['not', 'an', 'object'], 'CHECKPOINT_INVALID', /JSON object/],
  ])('refuses %j and says what is supported', (file, code, message) => {
    expect(() => parseImageProcessor(file)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('shows only the beginning of a long value', () => {
    const file = { resample: 'x'.repeat(1000) };

    expect(() => parseImageProcessor(file)).toThrow(/x…$/);
  });
});

describe('imageToPixels', () => {
  const config = parseImageProcessor({ size: { height: 2, width: 3 } });

  it('repeats grey for red, green and blue', () => {
    const grey = { pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 3, height: 2, channels: 1 as const };

    expect([...imageToPixels(grey, config)]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6]);
  });

  it('gives colour as height, width, channel in memory of its own', () => {
    const pixels = Uint8Array.from({ length: 18 }, (_, index) => index);

    const input = imageToPixels({ pixels, width: 3, height: 2, channels: 3 }, config);
    input.fill(0);

    expect(input).toHaveLength(18);
    expect(pixels[17]).toBe(17);
  });

  it('refuses another size when the model does not resize', () => {
    const asIs = { ...config, doResize: false };
    const image = { pixels: new Uint8Array(4), width: 2, height: 2, channels: 1 as const };

    expect(() => imageToPixels(image, asIs)).toThrow(
      expect.objectContaining({
        code: 'UNREADABLE_IMAGE',
        message: expect.stringMatching(/3 x 2 px.*received 2 x 2 px/),
      }),
    );
  });
});
