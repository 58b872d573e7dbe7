import { calibrateLogits } from '../../../lib/core/calibration/apply-calibration';
import { DEFAULT_RULE } from '../../../lib/core/calibration/choose-threshold';
import { type CalibrationInput, fitCalibration } from '../../../lib/core/calibration/fit-calibration';
import { foldsBySubject } from '../../../lib/core/calibration/leave-subjects-out';
import { activate } from '../../../lib/core/classify-scan';
import { seededRandom } from '../../../lib/core/seeded-random';

const PEOPLE = 60;
const SLICES = 12;

/** People with a few slices each; labels drawn at a temperature of 3, with a bias if one is given. */
const people = (bias = [0, 0]): CalibrationInput => {
  const random = seededRandom(9);
  const logits = Array.from({ length: PEOPLE * SLICES }, () => [6 * (random() - 0.5), 6 * (random() - 0.5)]);
  const targets = logits.map((own) => {
    const [first = 0] = activate(
      own.map((logit, label) => logit / 3 + (bias[label] ?? 0)),
      'softmax',
    );
    return random() < first ? 0 : 1;
  });
  const subjects = logits.map((_, item) => Math.floor(item / SLICES));
  return { labels: ['a', 'b'], activation: 'softmax', logits, targets, subjects, source: 'made up' };
};

/** People whose labels are drawn at a temperature of 3 that falls with the entropy. */
const unevenPeople = (entropyExponent: number): CalibrationInput => {
  const random = seededRandom(11);
  const logits = people().logits.map(([first = 0, second = 0]) => [2 * first, 2 * second]);
  const scaling = { temperature: 3, entropyExponent, bias: null };
  const targets = logits.map((own) => {
    const [first = 0] = activate(calibrateLogits(own, scaling), 'softmax');
    return random() < first ? 0 : 1;
  });
  return { ...people(), logits, targets };
};

describe('fitCalibration', () => {
  it('lowers loss and calibration error of subjects that are left out, and says of how many', () => {
    const { temperature, bias, fit, threshold } = fitCalibration(people(), { rule: DEFAULT_RULE });

    expect(Math.abs(temperature - 3)).toBeLessThan(0.5);
    expect(bias).toBeNull();
    expect(fit.loss).toBeLessThan(fit.lossBefore);
    expect(fit.ece).toBeLessThan(fit.eceBefore / 2);
    expect(fit).toMatchObject({ scans: 720, subjects: 60, folds: 10, source: 'made up' });
    expect(fit.eceInterval?.[0]).toBeLessThan(fit.ece + 1e-9);
    expect(threshold).toEqual({ score: 0.5, margin: 0, rule: 'a score of at least 0.5' });
  });

  it('takes a bias where left-out subjects say that it pays', () => {
    const { bias, fit } = fitCalibration(people([1, -1]), { rule: DEFAULT_RULE, entropy: 'never' });

    expect(bias?.[0]).toBeGreaterThan(0.7);
    expect(fit.lossWithBias).toBeLessThan(fit.loss);
  });

  it.each([
    ['never', null],
    ['always', [expect.any(Number), expect.any(Number)]],
  ] as const)('leaves the bias to who says %s', (bias, expected) => {
    expect(fitCalibration(people(), { rule: DEFAULT_RULE, bias, entropy: 'never' }).bias).toEqual(expected);
  });

  it('takes an entropy exponent where left-out subjects are calibrated better with it, and shows by how much', () => {
    const needed = fitCalibration(unevenPeople(0.6), { rule: DEFAULT_RULE });
    const idle = fitCalibration(people(), { rule: DEFAULT_RULE });
    const never = fitCalibration(unevenPeople(0.6), { rule: DEFAULT_RULE, entropy: 'never' });

    expect(Math.abs((needed.entropyExponent ?? 0) - 0.6)).toBeLessThan(0.35);
    expect(needed.fit.entropy).toEqual({
      loss: expect.any(Number),
      ece: needed.fit.ece,
      eceWithout: never.fit.ece,
    });
    expect(needed.fit.entropy?.loss).toBeLessThan(needed.fit.loss);
    expect(needed.fit.ece).toBeLessThan(never.fit.ece);
    expect(idle.fit.entropy).toBeDefined();
    for (const without of [idle, never]) expect(without).not.toHaveProperty('entropyExponent');
    expect(never.fit).not.toHaveProperty('entropy');
    expect(fitCalibration(people(), { rule: DEFAULT_RULE, entropy: 'always' })).toHaveProperty('entropyExponent');
  });

  it('tries no entropy exponent on the scores of a sigmoid', () => {
    const { fit } = fitCalibration({ ...people(), activation: 'sigmoid' }, { rule: DEFAULT_RULE, entropy: 'always' });

    expect(fit).not.toHaveProperty('entropy');
  });

  it('finds a threshold by coverage, and by accuracy', () => {
    const half = fitCalibration(people(), { rule: { kind: 'coverage', share: 0.5 }, entropy: 'never' });
    const accurate = fitCalibration(people(), { rule: { kind: 'accuracy', share: 0.75 }, entropy: 'never' });

    expect(half.fit.coverage).toBeCloseTo(0.5, 2);
    expect(half.fit.coveredAccuracy).toBeGreaterThan(half.fit.accuracy);
    expect(accurate.fit.coveredAccuracy).toBeGreaterThanOrEqual(0.75);
    expect(accurate.fit.coverage).toBeGreaterThan(0.1);
  });

  it('refuses an accuracy that no threshold reaches', () => {
    const failing = () => fitCalibration(people(), { rule: { kind: 'accuracy', share: 0.999 }, entropy: 'never' });

    expect(failing).toThrow(/received 0.999; the best threshold reaches 0\.\d{3}/);
  });

  it('gives the same for the same scans', () => {
    expect(fitCalibration(people(), { rule: DEFAULT_RULE })).toEqual(fitCalibration(people(), { rule: DEFAULT_RULE }));
  });
});

describe('foldsBySubject', () => {
  it('leaves each of a few subjects out by itself and deals more to ten folds, none to two', () => {
    const few = foldsBySubject([4, 4, 7, 9, 9], [0, 0, 0, 0, 0]);
    const many = people().subjects ?? [];
    const dealt = foldsBySubject(many, people().targets);

    expect(few).toEqual([0, 0, 1, 2, 2]);
    expect(new Set(dealt).size).toBe(10);
    for (const subject of new Set(many)) {
      expect(new Set(dealt.filter((_, item) => many[item] === subject)).size).toBe(1);
    }
  });

  it('refuses scans of one subject', () => {
    expect(() => foldsBySubject([1, 1], [0, 1])).toThrow('at least two subjects to calibrate on, received 1');
  });
});
