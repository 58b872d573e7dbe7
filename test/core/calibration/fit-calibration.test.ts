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
    const { bias, fit } = fitCalibration(people([1, -1]), { rule: DEFAULT_RULE });

    expect(bias?.[0]).toBeGreaterThan(0.7);
    expect(fit.lossWithBias).toBeLessThan(fit.loss);
  });

  it.each([
    ['never', null],
    ['always', [expect.any(Number), expect.any(Number)]],
  ] as const)('leaves the bias to who says %s', (bias, expected) => {
    expect(fitCalibration(people(), { rule: DEFAULT_RULE, bias }).bias).toEqual(expected);
  });

  it('finds a threshold by coverage, and by accuracy', () => {
    const half = fitCalibration(people(), { rule: { kind: 'coverage', share: 0.5 } });
    const accurate = fitCalibration(people(), { rule: { kind: 'accuracy', share: 0.75 } });

    expect(half.fit.coverage).toBeCloseTo(0.5, 2);
    expect(half.fit.coveredAccuracy).toBeGreaterThan(half.fit.accuracy);
    expect(accurate.fit.coveredAccuracy).toBeGreaterThanOrEqual(0.75);
    expect(accurate.fit.coverage).toBeGreaterThan(0.1);
  });

  it('refuses an accuracy that no threshold reaches', () => {
    const failing = () => fitCalibration(people(), { rule: { kind: 'accuracy', share: 0.999 } });

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
