import { configForImageSize, processorForImageSize } from '../../lib/compiler/checkpoint-image-size';
import { inputSize, parseImageProcessor } from '../../lib/core/image-processor';

const wide = { height: 320, width: 384 };
const square = { height: 384, width: 384 };

test('config.json says a square as one number and an oblong as height and width', () => {
  const config = { model_type: 'vit', image_size: 224 };

  expect(configForImageSize(config, square)).toEqual({ model_type: 'vit', image_size: 384 });
  expect(configForImageSize(config, wide)).toEqual({ model_type: 'vit', image_size: [320, 384] });
});

test.each<[object, object]>([
  [{}, { size: square }],
  [
    { size: 224, image_mean: [0, 0, 0] },
    { size: square, image_mean: [0, 0, 0] },
  ],
  [
    { image_processor_type: 'DeiTImageProcessor' },
    { image_processor_type: 'DeiTImageProcessor', size: { height: 439, width: 439 }, crop_size: square },
  ],
  [
    { size: { shortest_edge: 256, longest_edge: 448 }, do_center_crop: true, crop_size: 224 },
    { size: { shortest_edge: 439, longest_edge: 768 }, do_center_crop: true, crop_size: square },
  ],
  [{ size: { shortest_edge: 224 } }, { size: { shortest_edge: 384 } }],
  [{ do_resize: false }, { do_resize: false, size: square }],
  [
    { do_resize: false, do_center_crop: true, crop_size: 224 },
    { do_resize: false, do_center_crop: true, crop_size: square },
  ],
])('%j resizes and crops to 384 px', (processor, expected) => {
  const changed = processorForImageSize({ ...processor }, square);

  expect(changed).toEqual(expected);
  expect(inputSize(parseImageProcessor(changed))).toEqual(square);
});

test('an oblong size keeps the share that a crop leaves', () => {
  const changed = processorForImageSize({ image_processor_type: 'DeiTImageProcessor' }, wide);

  expect(changed).toMatchObject({ size: { height: 366, width: 439 }, crop_size: wide });
});

test('an oblong size is refused where only squares come out', () => {
  expect(() => processorForImageSize({ size: { shortest_edge: 224 } }, wide)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/square.*received 320 x 384/) }),
  );
});
