import { requireFitting } from '../../../lib/core/calibration/parse-calibration';
import { calibrationOf } from '../../support/calibrations';

describe('requireFitting', () => {
  const fileWith = (bias: number[]) =>
    ({ schemaVersion: 1, calibration: calibrationOf({ bias }), statistics: null }) as const;

  it('takes a bias a label', () => {
    expect(() => requireFitting(fileWith([1, -1]), { labels: ['a', 'b'] })).not.toThrow();
  });

  it('refuses a bias of other labels', () => {
    const failing = () => requireFitting(fileWith([1, 2, 3]), { labels: ['a', 'b'] });

    expect(failing).toThrow(/a bias for each of 2 labels, received 3/);
  });
});
