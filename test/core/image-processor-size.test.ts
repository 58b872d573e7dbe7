import { resizedSize } from '../../lib/core/image-processor-size';

/** What get_size_with_aspect_ratio of transformers 5.23 gives: [height, width], shortest, longest edge, result. */
test.each([
  // 12.5 and 13.5 are rounded to the even neighbour, as Python does.
  [[36, 6], 48, 75, [75, 12]],
  [[50, 9], 48, 75, [75, 14]],
  [[9, 50], 48, 75, [14, 75]],
  [[7, 900], 48, 75, [1, 75]],
  [[48, 100], 48, 200, [48, 100]],
  [[48, 48], 48, 75, [48, 48]],
  [[48, 60], 30, 37, [30, 37]],
  [[10, 10], 20, 15, [15, 15]],
] as const)('%j with a shortest edge of %i and a longest of %i becomes %j', (size, edge, longest, expected) => {
  const [height, width] = size;

  const resized = resizedSize({ height, width }, { kind: 'shortest_edge', edge, longest });

  expect([resized.height, resized.width]).toEqual(expected);
});

test('without a longest edge the longer side is truncated, whichever it is', () => {
  const resize = { kind: 'shortest_edge', edge: 47, longest: null } as const;

  expect(resizedSize({ height: 50, width: 81 }, resize)).toEqual({ height: 47, width: 76 });
  expect(resizedSize({ height: 81, width: 50 }, resize)).toEqual({ height: 76, width: 47 });
});
