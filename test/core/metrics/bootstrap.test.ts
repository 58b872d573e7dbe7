import { bootstrapIntervals, quantile } from '../../../lib/core/metrics/bootstrap';
import { meanOf, type Statistic } from '../../../lib/core/metrics/statistic';
import { seededRandom } from '../../../lib/core/seeded-random';

test('quantiles lie between the nearest ranks, as numpy has them', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 0.025)).toBeCloseTo(1.075, 12);
  expect(quantile([7], 0.9)).toBe(7);
});

test('the interval of a mean is that of its standard error', () => {
  const random = seededRandom(1);
  const values = Array.from({ length: 400 }, () => random());
  const options = { clusters: values.map((_, item) => item), replicates: 4000, random: seededRandom(2) };

  const [low, high] = bootstrapIntervals({ mean: meanOf(values) }, options).mean!;

  // 2 * 1.96 standard errors of the mean of 400 uniform numbers.
  expect(high - low).toBeCloseTo((2 * 1.96) / Math.sqrt(12 * 400), 2);
});

test('items of a cluster come and go together', () => {
  const seen = new Set<string>();
  const watch: Statistic = (weights) => {
    seen.add([...weights].join());
    return 0;
  };

  bootstrapIntervals({ watch }, { clusters: [0, 0, 1], replicates: 100, random: seededRandom(3) });

  expect([...seen].sort()).toEqual(['0,0,2', '1,1,1', '2,2,0']);
});

test('a figure that most replicates cannot tell has no interval', () => {
  const rarely: Statistic = (weights) => (weights[0] === 0 ? Number.NaN : 1);
  const never: Statistic = () => Number.NaN;
  const clusters = [0, 1];

  const intervals = bootstrapIntervals({ rarely, never }, { clusters, replicates: 400, random: seededRandom(4) });

  expect(intervals).toEqual({ rarely: [1, 1], never: null });
});
