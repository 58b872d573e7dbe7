import { activate } from '../../../lib/core/classify-scan';
import { type EvaluationOptions, evaluatePeople, evaluateScans } from '../../../lib/core/metrics/evaluation';
import type { ScoredScan } from '../../../lib/core/metrics/scored-scan';
import golden from './scikit-learn.json';

const labels = ['mild', 'moderate', 'none', 'very mild'];
const options: EvaluationOptions = {
  labels,
  activation: 'softmax',
  contrast: { positive: ['mild', 'moderate', 'very mild'], negative: ['none'] },
  replicates: 0,
  seed: 1,
};

const scan = (truth: number, logits: readonly number[], subject: string | null = null): ScoredScan => ({
  truth,
  logits,
  scores: activate(logits, 'softmax'),
  subject,
  abstainReason: null,
});

const goldenScans = golden.truth.map((truth, index) => scan(truth, golden.logits[index]!));

describe('against scikit-learn', () => {
  const figures = evaluateScans(goldenScans, options);

  test.each(['accuracy', 'loss', 'macroF1', 'macroAuc', 'contrastAuc', 'brier'] as const)('%s', (name) => {
    expect(figures[name]).toBeCloseTo(golden[name], 12);
  });

  test('precision, recall, F1, support and AUC of each label, and the confusion matrix', () => {
    expect(figures.confusionMatrix).toEqual(golden.confusionMatrix);
    figures.perClass.forEach(({ label, precision, recall, f1, auc, support }, index) => {
      expect(label).toBe(labels[index]);
      expect(support).toBe(golden.support[index]);
      expect(precision).toBeCloseTo(golden.precision[index]!, 12);
      expect(recall).toBeCloseTo(golden.recall[index]!, 12);
      expect(f1).toBeCloseTo(golden.f1[index]!, 12);
      expect(auc).toBeCloseTo(golden.auc[index]!, 12);
    });
  });
});

test('the loss is of plain logits, the calibrated loss and the Brier score of what is served', () => {
  const served = { ...scan(0, [2, 0]), scores: [0.6, 0.4] };

  const figures = evaluateScans([served], { ...options, labels: ['a', 'b'], contrast: null });

  expect(figures.loss).toBeCloseTo(Math.log(1 + Math.exp(-2)), 12);
  expect(figures.calibratedLoss).toBeCloseTo(-Math.log(0.6), 12);
  expect(figures.brier).toBeCloseTo(2 * 0.16, 12);
});

test('a multi-label model has the binary cross-entropy that its Trainer reports', () => {
  const figures = evaluateScans([scan(0, [1, -2])], {
    ...options,
    labels: ['a', 'b'],
    activation: 'sigmoid',
    contrast: null,
  });

  expect(figures.loss).toBeCloseTo((Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.exp(-2))) / 2, 12);
});

test('labels without scans have no recall and no AUC, and are no term of the macro figures', () => {
  const scans = [scan(0, [2, 1, 0, 0]), scan(2, [0, 0, 3, 1]), scan(2, [0, 5, 3, 1])];

  const figures = evaluateScans(scans, options);

  expect(figures.perClass[1]).toMatchObject({ support: 0, predicted: 1, precision: 0, recall: null, f1: 0, auc: null });
  expect(figures.perClass[3]).toMatchObject({ support: 0, predicted: 0, precision: null, recall: null, f1: null });
  expect(figures.macroF1).toBeCloseTo((1 + 2 / 3) / 2, 12);
});

describe('by person', () => {
  const scans = [
    scan(0, [3, 0, 0, 0], 'p'),
    scan(0, [0, 0, 1, 0], 'p'),
    scan(2, [0, 0, 2, 0], 'q'),
    scan(2, [1, 0, 0, 0], 'r'),
    scan(3, [0, 0, 0, 2], 'r'),
    scan(3, [0, 0, 0, 2], 'r'),
  ];

  test('scores are means over the scans, the label is the most frequent', () => {
    const people = evaluatePeople(scans, options);

    expect(people).toMatchObject({ count: 3, severalLabels: 1, accuracy: 1, contrastAuc: 1 });
    expect(people.confusionMatrix.map((row) => row.indexOf(1))).toEqual([0, -1, 2, 3]);
  });

  test('intervals draw people with all of their scans: one person leaves nothing to vary', () => {
    const [, interval] = [0, evaluateScans(scans.slice(0, 2), { ...options, replicates: 50 }).intervals.accuracy];
    const single = evaluateScans(
      scans.slice(0, 2).map((own) => ({ ...own, subject: null })),
      { ...options, replicates: 50 },
    ).intervals.accuracy;

    expect(interval).toEqual([0.5, 0.5]);
    expect(single).toEqual([0, 1]);
  });
});

test('the same seed gives the same intervals, another one others, and a contrast that is absent none', () => {
  const of = (seed: number) => evaluateScans(goldenScans, { ...options, replicates: 200, seed, contrast: null });

  expect(of(3).intervals).toEqual(of(3).intervals);
  expect(of(3).intervals).not.toEqual(of(4).intervals);
  expect(of(3)).toMatchObject({ contrastAuc: null, intervals: { contrastAuc: null } });
});

test('abstaining counts reasons and what is left', () => {
  const scans = goldenScans.map((own, index) => ({
    ...own,
    abstainReason: index < 10 ? 'low_confidence' : index < 12 ? 'not_a_brain_slice' : null,
  }));

  const { abstaining } = evaluateScans(scans, options);

  const answered = evaluateScans(scans.slice(12), options);
  expect(abstaining).toEqual({
    abstained: 12,
    reasons: { low_confidence: 10, not_a_brain_slice: 2 },
    coverage: 0.8,
    accuracy: answered.accuracy,
  });
});
