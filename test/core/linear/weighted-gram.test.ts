import { weightedGram } from '../../../lib/core/linear/weighted-gram';
import { seededRandom } from '../../../lib/core/seeded-random';

test.each([
  [1, 1],
  [3, 5],
  [64, 4],
  [65, 3],
  [200, 8],
])('is the sum of weighted products of %i rows, for %i columns', (rows, columns) => {
  const random = seededRandom(rows);
  const values = Float64Array.from({ length: rows * columns }, () => random() - 0.5);
  const weights = Float64Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? 0 : random()));

  const gram = weightedGram({ rows, columns, values }, weights);

  expect(gram).toHaveLength(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      const expected = weights.reduce(
        (sum, weight, row) => sum + weight * values[row * columns + i]! * values[row * columns + j]!,
        0,
      );
      expect(gram[i * columns + j]).toBeCloseTo(expected, 12);
    }
  }
});
