/**
 * x64 CPUs without VNNI multiply u8 by s8 two at a time and add each pair in 16 bits, which saturate: 255 * 127 * 2 does
 * not fit. (The trained ViT-S on an EPYC with AVX2 alone: logits 0.50 off on average, one label in 14 another.) ONNX
 * Runtime's way out is unsigned weights, by slower products. Here no pair can reach the limit, whatever the activations:
 * neighbours of one sign add up to at most floor(32767 / 255); mixed signs cannot reach it. The fast products are then
 * exact on every CPU, for 0.060 instead of 0.049 between int8 and fp32 logits, and 67 ms instead of 81 a pass on that
 * EPYC (minima, one thread, a loaded machine).
 */
export const LARGEST_PAIR = 128;

/** Largest quantized value: symmetric, so that there is no zero point. */
export const LARGEST_VALUE = 127;

/** Scales tried between the one that no pair fits and the one that all do. */
const CANDIDATES = 8;

/** The pairs of a row whose sum is beyond what the finest scale can hold: few, one in a hundred of a normal distribution. */
const heavyPairs = (weight: Float32Array, start: number, end: number, limit: number): number[] => {
  const sums: number[] = [];
  for (let k = start; k + 1 < end; k += 2) {
    const a = weight[k] as number;
    const b = weight[k + 1] as number;
    const sum = a + b < 0 ? -(a + b) : a + b;
    if (sum > limit && a > 0 === b > 0) sums.push(sum);
  }
  return sums;
};

/**
 * The scale of one row of weights that costs least: a finer one rounds less, a coarser one leaves fewer pairs to be drawn
 * in. Squared errors expected of each: a twelfth of a step for rounding, half the excess of a pair for drawing it in.
 * @param start index of the row's first weight, which begins a pair
 * @returns the scale, 1 for a row of zeros (or of values too small to divide by)
 */
export const chooseScale = (weight: Float32Array, start: number, end: number, largestPair = LARGEST_PAIR): number => {
  let largest = 0;
  for (let k = start; k < end; k++) {
    const value = weight[k] as number;
    if (value > largest) largest = value;
    else if (-value > largest) largest = -value;
  }
  const finest = largest / LARGEST_VALUE;
  // The smallest float32 that still divides.
  if (!(Math.fround(finest) >= 1e-37)) return 1;
  const sums = heavyPairs(weight, start, end, finest * largestPair);
  if (sums.length === 0) return finest;
  const coarsest = sums.reduce((a, b) => (b > a ? b : a), 0) / largestPair;
  let best = finest;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= CANDIDATES; step++) {
    const scale = finest + ((coarsest - finest) * step) / CANDIDATES;
    let cost = ((end - start) * scale * scale) / 12;
    for (const sum of sums) {
      const excess = sum - scale * largestPair;
      if (excess > 0) cost += (excess * excess) / 2;
    }
    if (cost < least) [best, least] = [scale, cost];
  }
  return best;
};

/**
 * The first value of a pair drawn in to the limit with the least squared error; the second is what the limit leaves.
 * @param a, b of one sign and |a| + |b| > largestPair, in steps, each at most LARGEST_VALUE
 */
export const drawIn = (a: number, b: number, largestPair: number): number => {
  const magnitude = Math.round(((a < 0 ? b - a : a - b) + largestPair) / 2);
  return a < 0 ? -magnitude : magnitude;
};
