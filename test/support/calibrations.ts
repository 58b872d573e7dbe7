import type { Calibration } from '../../lib/core/calibration/calibration-schema';

/** A calibration of a temperature of 2 without a gate, with what a test names replaced. */
export const calibrationOf = (given: Partial<Calibration> = {}): Calibration => ({
  temperature: 2,
  bias: null,
  threshold: { score: 0, margin: 0, rule: 'a test' },
  fit: {
    source: 'a test',
    scans: 10,
    subjects: 5,
    perLabel: {},
    folds: 5,
    accuracy: 0.5,
    lossBefore: 1,
    loss: 0.9,
    lossWithBias: null,
    eceBefore: 0.2,
    ece: 0.1,
    eceInterval: null,
    coverage: 1,
    coveredAccuracy: 0.5,
  },
  gate: null,
  ...given,
});
