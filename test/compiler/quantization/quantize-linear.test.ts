import fc from 'fast-check';
import { LARGEST_PAIR } from '../../../lib/compiler/quantization/pair-bound';
import { concatBiases, quantizeLinear, transposeLinear } from '../../../lib/compiler/quantization/quantize-linear';
import { smoothVit } from '../../../lib/compiler/quantization/smooth-vit';
import { importTinyVit } from '../../support/tiny-graph';

const linear = (rows: readonly (readonly number[])[], bias: readonly number[] | null = null) => ({
  outSize: rows.length,
  inSize: rows[0]?.length ?? 0,
  weight: Float32Array.from(rows.flat()),
  bias: bias === null ? null : Float32Array.from(bias),
});

test('rows are scaled to -127..127 by their largest value and transposed', () => {
  const { values, scales } = quantizeLinear([
    linear([
      [1.27, -0.63, 0],
      [254, 2, -127],
    ]),
  ]);

  expect([...values]).toEqual([127, 127, -63, 1, 0, -63]);
  expect([...scales]).toEqual([Math.fround(Math.fround(1.27) / 127), 2]);
});

test('layers of one input lie side by side', () => {
  const parts = [
    linear([[127, 0]]),
    linear([
      [0, 127],
      [127, -127],
    ]),
  ];

  expect([...quantizeLinear(parts).values]).toEqual([127, 0, 127, 0, 127, -127]);
  expect([...transposeLinear(parts)]).toEqual([127, 0, 127, 0, 127, -127]);
});

test('a row of zeros, or of numbers too small to scale, stays zero', () => {
  const { values, scales } = quantizeLinear([
    linear([
      [0, 0],
      [1e-42, -1e-42],
    ]),
  ]);

  expect([...values].map(Math.abs)).toEqual([0, 0, 0, 0]);
  expect([...scales]).toEqual([1, 1]);
});

test('no value is further from its original than half a step where pairs are not bounded, in matrices larger than a tile', () => {
  const row = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 70, maxLength: 70 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 66, maxLength: 66 }), (rows) => {
      const { values, scales } = quantizeLinear([linear(rows)], 254);

      rows.forEach((weights, out) => {
        weights.forEach((weight, k) => {
          const error = Math.abs(weight - values[k * 66 + out]! * scales[out]!);
          if (error > scales[out]! * 0.5001) throw new Error(`expected ${weight}, received an error of ${error}`);
        });
      });
    }),
    { numRuns: 5 },
  );
});

test('no pair of neighbouring inputs passes the bound, odd sizes and tiles included, and none is further off than it must', () => {
  const weight = fc.oneof(fc.float({ noNaN: true, min: -1, max: 1 }), fc.constantFrom(-1, 1, 0.999, 0));
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 131 }), fc.integer({ min: 1, max: 3 }))
    .chain(([inSize, outSize]) =>
      fc.array(fc.array(weight, { minLength: inSize, maxLength: inSize }), { minLength: outSize, maxLength: outSize }),
    );
  fc.assert(
    fc.property(matrix, (rows) => {
      const { values, scales } = quantizeLinear([linear(rows)]);
      const value = (out: number, k: number) => values[k * rows.length + out] ?? 0;

      rows.forEach((weights, out) => {
        for (let k = 0; k < weights.length; k += 2) {
          const [a, b] = [value(out, k), k + 1 < weights.length ? value(out, k + 1) : 0];
          if (a > 0 === b > 0) expect(Math.abs(a + b)).toBeLessThanOrEqual(LARGEST_PAIR);
          const [x, y] = [weights[k]! / scales[out]!, (weights[k + 1] ?? 0) / scales[out]!];
          const excess = x > 0 === y > 0 ? Math.max(0, Math.abs(x + y) - LARGEST_PAIR) : 0;
          expect(Math.abs(x - a)).toBeLessThanOrEqual(excess / 2 + 1.001);
          expect(Math.abs(y - b)).toBeLessThanOrEqual(excess / 2 + 1.001);
        }
      });
    }),
    { numRuns: 200 },
  );
});

test('biases lie side by side, zero where a layer has none; none at all is null', () => {
  expect(concatBiases([linear([[1]], [5]), linear([[1]]), linear([[1]], [6])])).toEqual(Float32Array.of(5, 0, 6));
  expect(concatBiases([linear([[1]])])).toBeNull();
});

test('smoothing survives channels that never fire', async () => {
  const model = await importTinyVit();
  const silent = {
    ...model,
    layer: async (index: number) => {
      const layer = await model.layer(index);
      return {
        ...layer,
        attentionNorm: { gamma: new Float32Array(32), beta: new Float32Array(32) },
        mlpNorm: { gamma: layer.mlpNorm.gamma.fill(0, 0, 1), beta: layer.mlpNorm.beta.fill(0, 0, 1) },
      };
    },
  };

  const layer = await smoothVit(silent).layer(0);

  for (const { weight } of [layer.query, layer.value, layer.attentionOutput, layer.mlpIn]) {
    expect(weight.every(Number.isFinite)).toBe(true);
  }
});
