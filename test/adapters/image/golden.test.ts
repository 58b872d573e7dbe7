import { createHash } from 'node:crypto';
import { createImageDecoder } from '../../../lib/adapters/image';
import { imageToPixels, inputSize, parseImageProcessor } from '../../../lib/core/image-processor';
import type { DecodedImage } from '../../../lib/core/ports';
import type { ResampleFilter } from '../../../lib/core/resample';
import { readGolden, readGoldenImage } from '../../fixtures';

const decoder = createImageDecoder();
const { images, processors, pixelValues } = readGolden();

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const pixelsAt = (image: DecodedImage, width: number, height: number, resample: ResampleFilter): Uint8Array =>
  imageToPixels(image, { ...parseImageProcessor({ size: { height, width } }), resample });

describe('decoding and resizing, against Pillow and the ViT image processor of transformers', () => {
  it.each(images.map((image) => [image.file, image] as const))(
    'is equal byte for byte for %s',
    async (file, golden) => {
      const image = await decoder.decode(readGoldenImage(file));

      expect([image.width, image.height]).toEqual([golden.width, golden.height]);
      expect(sha256(pixelsAt(image, image.width, image.height, 'bilinear'))).toBe(golden.decoded);
      const resized = Object.keys(golden.resized).map((name) => {
        const [, width, height, filter] = /^(\d+)x(\d+) (\w+)$/.exec(name) ?? [];
        return [name, sha256(pixelsAt(image, Number(width), Number(height), filter as ResampleFilter))];
      });
      expect(Object.fromEntries(resized)).toEqual(golden.resized);
      image.dispose();
    },
  );

  it.each(processors.map(({ processor, images: made }) => [JSON.stringify(processor), processor, made] as const))(
    'resizes and crops as %s says',
    async (_title, processor, made) => {
      const config = parseImageProcessor(processor);
      const { height, width } = inputSize(config);

      const received: Record<string, string | null> = {};
      for (const file of Object.keys(made)) {
        const image = await decoder.decode(readGoldenImage(file));
        received[file] = made[file] === null ? null : `${width}x${height} ${sha256(imageToPixels(image, config))}`;
        if (made[file] === null) {
          expect(() => imageToPixels(image, config)).toThrow(expect.objectContaining({ code: 'UNREADABLE_IMAGE' }));
        }
        image.dispose();
      }

      expect(received).toEqual(made);
    },
  );

  it("normalises to the processor's own fp32 output", async () => {
    const config = parseImageProcessor(pixelValues.processor);
    const image = await decoder.decode(readGoldenImage(pixelValues.file));

    const pixels = imageToPixels(image, config);

    const area = config.size.height * config.size.width;
    const differences = pixelValues.nchw.map((expected, index) => {
      const channel = Math.floor(index / area);
      const pixel = pixels[(index % area) * 3 + channel]!;
      return Math.abs(
        (pixel * config.rescaleFactor - config.imageMean[channel]!) / config.imageStd[channel]! - expected,
      );
    });
    expect(differences).toHaveLength(area * 3);
    expect(Math.max(...differences)).toBeLessThan(1e-6);
    image.dispose();
  });
});
