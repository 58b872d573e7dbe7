import { resizeProcessor } from '../../lib/compiler/resize-processor';
import { parseImageProcessor } from '../../lib/core/image-processor';

const resized = (file: Record<string, unknown>, height: number, width = height) => {
  const processor = parseImageProcessor(file, { height: 224, width: 224 });
  return resizeProcessor(file, processor, { height, width });
};

test('an exact size becomes the size compiled for; everything else stays', () => {
  const file = { image_processor_type: 'ViTImageProcessor', size: 224, image_mean: 0.4 };

  expect(resized(file, 384, 512)).toEqual({ ...file, size: { height: 384, width: 512 } });
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  [
    'an exact resize',
    { size: { height: 256, width: 256 } },
    { size: { height: 439, width: 439 }, crop_size: { height: 384, width: 384 } },
  ],
  [
    'a shortest edge',
    { size: { shortest_edge: 256, longest_edge: 448 } },
    { size: { shortest_edge: 439, longest_edge: 768 }, crop_size: { height: 384, width: 384 } },
  ],
  ['no resize', { do_resize: false }, { crop_size: { height: 384, width: 384 } }],
])('before a crop, %s keeps its proportion to it', (_, file, expected) => {
  const given = { image_processor_type: 'DeiTImageProcessor', do_center_crop: true, crop_size: 224, ...file };

  expect(resized(given, 384)).toEqual({ ...given, ...expected });
});

test('what is read back from the new file is of the new size', () => {
  const file = resized({ image_processor_type: 'DeiTImageProcessor' }, 384, 320);

  expect(parseImageProcessor(file)).toMatchObject({ size: { height: 384, width: 320 } });
});

test('a processor that takes images as they are stays as it is', () => {
  const file = { do_resize: false };

  expect(resized(file, 384)).toEqual(file);
});
