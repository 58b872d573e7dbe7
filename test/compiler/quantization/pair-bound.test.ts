import fc from 'fast-check';
import { chooseScale, drawIn, LARGEST_PAIR, LARGEST_VALUE } from '../../../lib/compiler/quantization/pair-bound';

const scaleOf = (...weights: readonly number[]): number => chooseScale(Float32Array.from(weights), 0, weights.length);

test('the bound is what 16 bits hold of two products with an activation of 255, and no more', () => {
  expect(255 * LARGEST_PAIR).toBeLessThanOrEqual(32_767);
  expect(255 * (LARGEST_PAIR + 1)).toBeGreaterThan(32_767);
  expect(-255 * LARGEST_PAIR).toBeGreaterThanOrEqual(-32_768);
  expect(255 * LARGEST_VALUE).toBeLessThanOrEqual(32_767);
});

test('a row whose pairs fit keeps the finest scale', () => {
  expect(scaleOf(127, 1, -127, 127, 0, 127)).toBe(1);
});

test('a row of equal pairs takes the scale at which they fit', () => {
  expect(scaleOf(...Array(64).fill(64))).toBe(1);
  expect(scaleOf(...Array(64).fill(-64))).toBe(1);
});

test('one heavy pair among many light ones is drawn in rather than that all are rounded coarsely', () => {
  const light = Array.from({ length: 4000 }, (_, k) => (k % 2 === 0 ? 0.5 : -0.5) * ((k % 89) + 1));

  expect(scaleOf(100, 99, ...light)).toBeLessThan((100 + 99) / LARGEST_PAIR);
});

test('a pair that begins in another row is none', () => {
  const weights = Float32Array.of(0, 127, 127, 0);

  expect(chooseScale(weights, 2, 4)).toBe(1);
  expect(chooseScale(weights, 0, 2)).toBe(1);
});

test('rows of zeros, or of values too small to divide by, have scale 1', () => {
  expect(scaleOf(0, 0)).toBe(1);
  expect(scaleOf(1e-42, -1e-42)).toBe(1);
});

test('a pair is drawn in to the limit, both by the same where they may be', () => {
  const steps = fc.float({ noNaN: true, min: 2, max: 127 });
  fc.assert(
    fc.property(steps, steps, fc.boolean(), (a, b, isNegative) => {
      fc.pre(a + b > LARGEST_PAIR);
      const sign = isNegative ? -1 : 1;

      const first = sign * drawIn(sign * a, sign * b, LARGEST_PAIR);

      const half = (a + b - LARGEST_PAIR) / 2;
      expect(Math.abs(first - (a - half))).toBeLessThanOrEqual(0.501);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first).toBeLessThanOrEqual(LARGEST_VALUE);
      expect(LARGEST_PAIR - first).toBeLessThanOrEqual(LARGEST_VALUE);
    }),
  );
});
