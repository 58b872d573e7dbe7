import {
  imageProcessorConfigSchema,
  imageToPixels,
  inputSize,
  parseImageProcessor,
} from '../../lib/core/image-processor';

const VIT = {
  size: { height: 224, width: 224 },
  resize: { kind: 'exact', height: 224, width: 224 },
  resample: 'bilinear',
  centerCrop: false,
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

  it('reads a size as a number, a pair or height and width', () => {
    const sizeOf = (size: unknown) => parseImageProcessor({ size }).size;

    expect(sizeOf(384)).toEqual({ height: 384, width: 384 });
    expect(sizeOf([384, 192])).toEqual({ height: 384, width: 192 });
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

    expect(config).toEqual({ ...VIT, resize: null, rescaleFactor: 1, imageMean: [0, 0, 0], imageStd: [1, 1, 1] });
  });

  it('repeats a single mean or deviation for the three channels', () => {
    const config = parseImageProcessor({ image_mean: 0.25, image_std: 0.75 });

    expect(config.imageMean).toEqual([0.25, 0.25, 0.25]);
    expect(config.imageStd).toEqual([0.75, 0.75, 0.75]);
  });

  it.each(['DeiTImageProcessor', 'DeiTImageProcessorFast', 'DeiTFeatureExtractor'])(
    'takes the defaults of DeiT, crop included, for %s',
    (name) => {
      const resize = { kind: 'exact', height: 256, width: 256 };
      const deit = { ...VIT, resize, resample: 'bicubic' };

      const cropped = parseImageProcessor({ image_processor_type: name });
      const whole = parseImageProcessor({ image_processor_type: name, do_center_crop: false });

      expect(cropped).toEqual({ ...deit, centerCrop: true });
      expect(whole).toEqual({ ...deit, size: { height: 256, width: 256 } });
    },
  );

  it('reads the files that google/vit-base-patch16-224-in21k and facebook/deit-base-patch16-224 have', () => {
    const vit = {
      do_normalize: true,
      do_resize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: 224,
    };
    const deit = {
      crop_size: 224,
      do_center_crop: true,
      do_normalize: true,
      do_resize: true,
      feature_extractor_type: 'DeiTFeatureExtractor',
      image_mean: [0.485, 0.456, 0.406],
      image_std: [0.229, 0.224, 0.225],
      resample: 3,
      size: 256,
    };

    expect(parseImageProcessor({ ...vit, resample: 2 })).toEqual(VIT);
    expect(parseImageProcessor(deit)).toEqual({
      ...VIT,
      resize: { kind: 'exact', height: 256, width: 256 },
      resample: 'bicubic',
      centerCrop: true,
      imageMean: deit.image_mean,
      imageStd: deit.image_std,
    });
  });

  it('reads a shortest edge, a longest beside it, and a number that is to be one', () => {
    const cropped = { do_center_crop: true, crop_size: { height: 200, width: 100 } };
    const resizeOf = (file: object) => parseImageProcessor({ ...cropped, ...file }).resize;

    expect(resizeOf({ size: { shortest_edge: 256 } })).toEqual({ kind: 'shortest_edge', edge: 256, longest: null });
    expect(resizeOf({ size: { shortest_edge: 256, longest_edge: 512 } })).toMatchObject({ edge: 256, longest: 512 });
    expect(resizeOf({ size: 256, default_to_square: false })).toMatchObject({ kind: 'shortest_edge', edge: 256 });
    expect(inputSize(parseImageProcessor(cropped))).toEqual({ height: 200, width: 100 });
  });

  it("gives the model's size to a processor that neither resizes nor crops", () => {
    const size = { height: 384, width: 320 };

    expect(parseImageProcessor({ do_resize: false }, size).size).toEqual(size);
    expect(parseImageProcessor({ do_resize: false, do_center_crop: true, crop_size: 64 }, size).size.height).toBe(64);
    expect(parseImageProcessor({}, size).size).toEqual({ height: 224, width: 224 });
  });

  it('ignores an old key beside a new one, and a crop that is switched off', () => {
    const file = {
      image_processor_type: 'ViTImageProcessor',
      feature_extractor_type: 'CLIPFeatureExtractor',
      do_center_crop: false,
      crop_size: { shortest_edge: 3 },
    };

    expect(parseImageProcessor(file)).toEqual(VIT);
    expect(
      parseImageProcessor({ ...file, feature_extractor_type: 'ViTFeatureExtractor', image_processor_type: null }),
    ).toEqual(VIT);
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
    [{ do_center_crop: true }, 'CHECKPOINT_INVALID', /"height", "width".*crop_size.*received null/],
    [{ do_center_crop: true, crop_size: { shortest_edge: 9 } }, 'CHECKPOINT_INVALID', /crop_size.*shortest_edge/],
    [{ do_pad: true }, 'ARCHITECTURE_UNSUPPORTED', /false for do_pad.*received true/],
    [{ size: { longest_edge: 256 } }, 'ARCHITECTURE_UNSUPPORTED', /shortest_edge.*for size.*longest_edge.*256/],
    [{ size: { max_height: 256, max_width: 9 } }, 'ARCHITECTURE_UNSUPPORTED', /for size.*max_height/],
    [{ size: { shortest_edge: 256, height: 9 } }, 'CHECKPOINT_INVALID', /for size.*shortest_edge/],
    [{ size: { shortest_edge: 0 } }, 'CHECKPOINT_INVALID', /for size.*shortest_edge/],
    [{ size: { height: 224 } }, 'CHECKPOINT_INVALID', /height.*width.*size.*received \{"height":224\}/],
    [{ size: [224, 192, 3] }, 'CHECKPOINT_INVALID', /size.*received \[224,192,3\]/],
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
    const asIs = { ...config, resize: null };
    const image = { pixels: new Uint8Array(4), width: 2, height: 2, channels: 1 as const };

    expect(() => imageToPixels(image, asIs)).toThrow(
      expect.objectContaining({
        code: 'UNREADABLE_IMAGE',
        message: expect.stringMatching(/3 x 2 px.*received 2 x 2 px/),
      }),
    );
  });

  it('pads an image that is smaller than the crop with black, one more at the top and left when it is uneven', () => {
    const crop = parseImageProcessor({ do_resize: false, do_center_crop: true, crop_size: { height: 2, width: 4 } });
    const image = { pixels: Uint8Array.of(9), width: 1, height: 1, channels: 1 as const };

    const red = imageToPixels(image, crop).filter((_, index) => index % 3 === 0);

    expect([...red]).toEqual([0, 0, 0, 0, 0, 0, 9, 0]);
  });

  it('refuses an image that is not square where nothing makes it so', () => {
    const keepsAspect = parseImageProcessor({ size: { shortest_edge: 2 } });
    const image = { pixels: new Uint8Array(8), width: 4, height: 2, channels: 1 as const };

    expect(() => imageToPixels(image, keepsAspect)).toThrow(
      expect.objectContaining({ code: 'UNREADABLE_IMAGE', message: expect.stringMatching(/square.*4 x 2 px/) }),
    );
  });

  it('refuses an image so narrow that its resized copy would be a million pixels long, or have no width', () => {
    const size = { shortest_edge: 4096 };
    const long = { pixels: new Uint8Array(400), width: 400, height: 1, channels: 1 as const };
    const cropped = { do_center_crop: true, crop_size: 2 };

    for (const file of [{ size }, { size: { shortest_edge: 4, longest_edge: 5 } }]) {
      expect(() => imageToPixels(long, parseImageProcessor({ ...cropped, ...file }))).toThrow(
        expect.objectContaining({ code: 'UNREADABLE_IMAGE', message: expect.stringMatching(/narrow.*400 x 1 px/) }),
      );
    }
  });
});
