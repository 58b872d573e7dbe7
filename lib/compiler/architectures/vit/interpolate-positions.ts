import type { ImageSize } from './config';

/**
 * Position embeddings for another grid of patches: what ViTEmbeddings.interpolate_pos_encoding of transformers does with
 * torch's bicubic `interpolate(size=..., align_corners=False)`. That is cubic convolution with a = -0.75 (Keys 1981,
 * https://doi.org/10.1109/TASSP.1981.1163711), edges repeated, no smoothing when the grid shrinks. Where a sample lies is
 * computed in single precision as torch does; sums are in double precision.
 * @param positions [1 + from.height * from.width, channels]; the first row, the CLS token's, is kept
 * @returns [1 + to.height * to.width, channels]; the same array when the grids are equal
 */
export const interpolatePositions = (positions: Float32Array, from: ImageSize, to: ImageSize): Float32Array => {
  if (from.height === to.height && from.width === to.width) return positions;
  const channels = positions.length / (1 + from.height * from.width);
  const target = new Float32Array((1 + to.height * to.width) * channels);
  target.set(positions.subarray(0, channels));
  const rows = sampleAxis(from.height, to.height);
  const columns = sampleAxis(from.width, to.width);
  const sums = new Float64Array(channels);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      sums.fill(0);
      for (const { index: rowIndex, weight: rowWeight } of row) {
        for (const { index, weight } of column) {
          const start = (1 + rowIndex * from.width + index) * channels;
          const share = rowWeight * weight;
          for (let channel = 0; channel < channels; channel++) {
            sums[channel] = (sums[channel] as number) + share * (positions[start + channel] as number);
          }
        }
      }
      target.set(sums, (1 + y * to.width + x) * channels);
    });
  });
  return target;
};

interface Tap {
  readonly index: number;
  readonly weight: number;
}

const { fround } = Math;

/** The four inputs of each output along one axis, and their weights. */
const sampleAxis = (from: number, to: number): Tap[][] => {
  const scale = fround(from / to);
  return Array.from({ length: to }, (_, out) => {
    const position = fround(fround(scale * (out + 0.5)) - 0.5);
    const left = Math.floor(position);
    const offset = position - left;
    return [-1, 0, 1, 2].map((tap) => ({
      index: Math.max(0, Math.min(from - 1, left + tap)),
      weight: cubic(Math.abs(tap - offset)),
    }));
  });
};

const A = -0.75;

const cubic = (distance: number): number =>
  distance <= 1
    ? ((A + 2) * distance - (A + 3)) * distance * distance + 1
    : ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
