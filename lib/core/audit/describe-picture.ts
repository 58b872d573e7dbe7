import type { Raster } from '../resample';

/** Side of what pictures are compared by: slices of two heads differ well above this scale. */
export const DESCRIPTOR_SIDE = 32;
export const DESCRIPTOR_SIZE = DESCRIPTOR_SIDE ** 2;

/**
 * A picture in 32 x 32 cells of mean grey, less their mean and of length 1, so that brightness and contrast, which differ
 * from export to export, do not count: the distance of two is the root of 2 - 2 times their correlation. Row by row; all 0
 * for a picture of one grey.
 */
export const describePicture = (image: Raster): Float32Array => {
  const grey = toCells(image);
  const mean = grey.reduce((a, b) => a + b, 0) / DESCRIPTOR_SIZE;
  const length = Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return Float32Array.from(grey, (value) => (length > 1e-6 ? (value - mean) / length : 0));
};

/**
 * Means over exact areas: pixels on an edge count for both cells by their part. Pillow's box filter gives them to one, and
 * the same slice at 100 and at 128 px would be as far apart as two slices.
 */
const toCells = ({ pixels, width, height, channels }: Raster): Float64Array => {
  const [columns, rows] = [partsOf(width), partsOf(height)];
  const narrow = new Float64Array(height * DESCRIPTOR_SIDE);
  for (let y = 0; y < height; y++) {
    for (const { cell, at, part } of columns) {
      const from = (y * width + at) * channels;
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += pixels[from + channel] as number;
      const to = y * DESCRIPTOR_SIDE + cell;
      narrow[to] = (narrow[to] as number) + (part * sum) / channels;
    }
  }
  const cells = new Float64Array(DESCRIPTOR_SIZE);
  for (const { cell, at, part } of rows) {
    for (let column = 0; column < DESCRIPTOR_SIDE; column++) {
      const to = cell * DESCRIPTOR_SIDE + column;
      cells[to] = (cells[to] as number) + part * (narrow[at * DESCRIPTOR_SIDE + column] as number);
    }
  }
  return cells;
};

interface Part {
  readonly cell: number;
  readonly at: number;
  /** Of the cell, so that those of a cell add up to 1. */
  readonly part: number;
}

const partsOf = (length: number): Part[] =>
  Array.from({ length: DESCRIPTOR_SIDE }, (_, cell) => {
    const [from, to] = [(cell * length) / DESCRIPTOR_SIDE, ((cell + 1) * length) / DESCRIPTOR_SIDE];
    const first = Math.floor(from);
    return Array.from({ length: Math.max(1, Math.ceil(to) - first) }, (_, index) => {
      const at = Math.min(first + index, length - 1);
      const covered = Math.min(to, first + index + 1) - Math.max(from, first + index);
      return { cell, at, part: covered / (to - from) };
    });
  }).flat();
