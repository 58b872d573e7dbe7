import type { Linear } from '../architectures/vit/vit-model';
import { chooseScale, drawIn, LARGEST_PAIR } from './pair-bound';

export interface QuantizedWeight {
  /**
   * Row-major [in, out], -127..127; symmetric, so that there is no zero point. Inputs 2k and 2k + 1 of one output, where
   * they have one sign, add up to at most `largestPair`.
   */
  readonly values: Int8Array;
  /** One per output channel: `weight ≈ values * scale`. */
  readonly scales: Float32Array;
}

/** Tests run in a context whose globals are slow to look up, a hundred million times above all. */
const { round } = Math;

/** Rows are transposed in tiles that stay in the first-level cache. */
const TILE = 64;

/**
 * Symmetric 8-bit weights per output channel, transposed to the order in which ONNX multiplies. Signed values because
 * unsigned weights run at half the speed on every CPU with VNNI; no zero point because it would cost a correction.
 * @param parts linear layers of one input, laid side by side along the output
 */
export const quantizeLinear = (parts: readonly Linear[], largestPair = LARGEST_PAIR): QuantizedWeight => {
  const outSize = parts.reduce((sum, part) => sum + part.outSize, 0);
  const inSize = parts[0]?.inSize ?? 0;
  const values = new Int8Array(inSize * outSize);
  const scales = new Float32Array(outSize);
  let column = 0;
  for (const part of parts) {
    const rows = scales.subarray(column, column + part.outSize);
    rowScales(part, rows, largestPair);
    transposeQuantized(part, rows, largestPair, { values, column, outSize });
    column += part.outSize;
  }
  return { values, scales };
};

const rowScales = ({ weight, inSize }: Linear, scales: Float32Array, largestPair: number): void => {
  for (let row = 0; row < scales.length; row++) {
    scales[row] = chooseScale(weight, row * inSize, (row + 1) * inSize, largestPair);
  }
};

/** Where a part's values go: `column` is its first output's. */
interface Target {
  readonly values: Int8Array;
  readonly column: number;
  readonly outSize: number;
}

const transposeQuantized = (
  { weight, inSize, outSize: rows }: Linear,
  scales: Float32Array,
  largestPair: number,
  { values, column, outSize }: Target,
): void => {
  for (let row0 = 0; row0 < rows; row0 += TILE) {
    for (let k0 = 0; k0 < inSize; k0 += TILE) {
      const kEnd = Math.min(k0 + TILE, inSize);
      for (let row = row0; row < Math.min(row0 + TILE, rows); row++) {
        const scale = scales[row] as number;
        for (let k = k0; k < kEnd; k += 2) {
          const at = k * outSize + column + row;
          const a = (weight[row * inSize + k] as number) / scale;
          // The last of an odd number of inputs has no neighbour.
          const b = k + 1 < kEnd ? (weight[row * inSize + k + 1] as number) / scale : 0;
          const sum = round(a) + round(b);
          const isWithin = (sum <= largestPair && sum >= -largestPair) || a > 0 !== b > 0;
          const first = isWithin ? round(a) : drawIn(a, b, largestPair);
          values[at] = first;
          if (k + 1 < kEnd) values[at + outSize] = isWithin ? round(b) : (a > 0 ? largestPair : -largestPair) - first;
        }
      }
    }
  }
};

/** The same layers as float32, row-major [in, out]. */
export const transposeLinear = (parts: readonly Linear[]): Float32Array => {
  const outSize = parts.reduce((sum, part) => sum + part.outSize, 0);
  const values = new Float32Array((parts[0]?.inSize ?? 0) * outSize);
  let column = 0;
  for (const { weight, inSize, outSize: rows } of parts) {
    for (let k = 0; k < inSize; k++) {
      for (let row = 0; row < rows; row++) values[k * outSize + column + row] = weight[row * inSize + k] as number;
    }
    column += rows;
  }
  return values;
};

/** The biases side by side, zeros for a part without one; null when no part has one. */
export const concatBiases = (parts: readonly Linear[]): Float32Array | null => {
  if (parts.every(({ bias }) => bias === null)) return null;
  const bias = new Float32Array(parts.reduce((sum, part) => sum + part.outSize, 0));
  let column = 0;
  for (const part of parts) {
    if (part.bias !== null) bias.set(part.bias, column);
    column += part.outSize;
  }
  return bias;
};
