import { calibrationErrorOf, reliabilityBins } from '../../../lib/core/metrics/calibration-error';

const once = (count: number) => new Float64Array(count).fill(1);

test('the gap of each bin counts by its share of the scans', () => {
  // Bins of 1/15: 0.95 and 0.94 share one (of 0.945 and 0.5), 0.5 has its own.
  const scores = [0.95, 0.94, 0.5];
  const right = [true, false, true];

  expect(calibrationErrorOf(scores, right)(once(3))).toBeCloseTo((2 * 0.445 + 0.5) / 3, 12);
});

test('weights count as so many scans', () => {
  const weighted = calibrationErrorOf([0.9, 0.6], [true, false])(Float64Array.of(3, 1));

  expect(weighted).toBeCloseTo(calibrationErrorOf([0.9, 0.9, 0.9, 0.6], [true, true, true, false])(once(4)), 12);
});

test('bins are open below and closed above, 0 in the first and 1 in the last', () => {
  const bins = reliabilityBins([0, 1 / 15, 0.0667, 1], [true, false, true, true]);

  expect(bins).toHaveLength(15);
  expect(bins.map(({ scans }) => scans)).toEqual([2, 1, ...Array(11).fill(0), 0, 1].slice(0, 15));
  expect(bins[0]).toMatchObject({ from: 0, accuracy: 0.5 });
  expect(bins[5]).toMatchObject({ scans: 0, score: null, accuracy: null });
});
