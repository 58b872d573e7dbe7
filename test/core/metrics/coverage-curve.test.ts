import { coverageCurve, riskCoverageArea } from '../../../lib/core/metrics/coverage-curve';

test('answers the surest first, scans of one score together', () => {
  const points = coverageCurve([0.5, 0.9, 0.7, 0.7], [false, true, true, false]);

  expect(points).toEqual([
    { coverage: 0.25, scans: 1, threshold: 0.9, accuracy: 1 },
    { coverage: 0.75, scans: 3, threshold: 0.7, accuracy: 2 / 3 },
    { coverage: 1, scans: 4, threshold: 0.5, accuracy: 0.5 },
  ]);
});

test('a curve of many scans has at most 100 points and ends with all of them', () => {
  const scores = Array.from({ length: 1234 }, (_, index) => index / 1234);

  const points = coverageCurve(
    scores,
    scores.map((score) => score > 0.3),
  );

  expect(points.length).toBeLessThanOrEqual(100);
  expect(points.length).toBeGreaterThan(90);
  expect(points.at(-1)).toMatchObject({ coverage: 1, scans: 1234 });
});

test('the area is the mean error rate along the way', () => {
  expect(riskCoverageArea([0.9, 0.8, 0.7], [true, false, true])).toBeCloseTo((0 + 1 / 2 + 1 / 3) / 3, 12);
  expect(riskCoverageArea([0.9, 0.8], [true, true])).toBe(0);
});
