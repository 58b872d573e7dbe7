import { requireFitting } from '../../../lib/core/calibration/parse-calibration';
import { calibrationOf } from '../../support/calibrations';

describe('requireFitting', () => {
  const labels = ['a', 'b'];
  const fileOf = (calibration: Parameters<typeof calibrationOf>[0]) =>
    ({ schemaVersion: 1, calibration: calibrationOf(calibration), statistics: null }) as const;

  it('takes a bias a label and an entropy exponent for a softmax', () => {
    expect(() =>
      requireFitting(fileOf({ bias: [1, -1], entropyExponent: 0.3 }), { labels, activation: 'softmax' }),
    ).not.toThrow();
  });

  it.each<[string, Parameters<typeof calibrationOf>[0], string[], 'softmax' | 'sigmoid', RegExp]>([
    ['a bias of other labels', { bias: [1, 2, 3] }, labels, 'softmax', /a bias for each of 2 labels, received 3/],
    ['an exponent for a sigmoid', { entropyExponent: 0.3 }, labels, 'sigmoid', /received one for a sigmoid over 2/],
    ['an exponent for one label', { entropyExponent: 0.3 }, ['a'], 'softmax', /received one for a softmax over 1/],
  ])('refuses %s', (_, calibration, names, activation, message) => {
    expect(() => requireFitting(fileOf(calibration), { labels: names, activation })).toThrow(message);
  });
});
