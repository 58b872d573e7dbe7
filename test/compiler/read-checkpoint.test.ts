import { readConfigs } from '../../lib/compiler/read-checkpoint';
import { imageToPixels } from '../../lib/core/image-processor';
import { memorySource, tinyCheckpoint } from '../support/tiny-vit';

const read = (processor: Readonly<Record<string, unknown>>, imageSize?: { height: number; width: number }) =>
  readConfigs(memorySource(tinyCheckpoint({ processor })), imageSize);

const bytesOf = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());

test('both files say the size compiled for, in the form that transformers reads', async () => {
  const { config, configBytes, processorBytes } = await read({ size: 32 }, { height: 48, width: 40 });

  expect(config).toMatchObject({ imageSize: { height: 48, width: 40 }, positionGrid: { height: 4, width: 4 } });
  expect(bytesOf(configBytes)).toMatchObject({ image_size: [48, 40], patch_size: 8 });
  expect(bytesOf(processorBytes)).toMatchObject({ size: { height: 48, width: 40 }, resample: 2 });
});

test('a processor that does not resize takes images of the size compiled for', async () => {
  const { processor } = await read({ do_resize: false, size: null }, { height: 48, width: 40 });

  const image = { pixels: new Uint8Array(48 * 40), height: 48, width: 40, channels: 1 as const };
  expect(imageToPixels(image, processor)).toHaveLength(48 * 40 * 3);
});

test('an oblong size is refused where the aspect ratio is kept and nothing is cropped', async () => {
  const reading = read({ size: { shortest_edge: 32 } }, { height: 48, width: 40 });

  await expect(reading).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: expect.stringMatching(/expected size 48 x 40 in preprocessor_config\.json.*received 48 x 48/),
  });
});

test('the crop of DeiT follows the size, what is cropped keeps its share', async () => {
  const deit = { image_processor_type: 'DeiTImageProcessor', size: 36, crop_size: 32 };

  const { processor } = await read(deit, { height: 64, width: 64 });

  expect(processor).toMatchObject({
    size: { height: 64, width: 64 },
    resize: { kind: 'exact', height: 72, width: 72 },
    centerCrop: true,
  });
});
