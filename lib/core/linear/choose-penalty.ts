import { SulcusError } from '../errors';
import { softmaxLoss } from '../metrics/losses';
import {
  createLogisticFitter,
  type LabelledFeatures,
  type LinearClassifier,
  type LogisticFitter,
  linearLogits,
} from './logistic-regression';

/** scikit-learn's `C`, strong penalties first: each fit starts from the one before, and the most regular is the easiest. */
export const INVERSE_PENALTIES: readonly number[] = [1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1, 10, 100];

/**
 * After so many penalties in a row that are worse than the best, weaker ones are not tried: the loss on vectors left out
 * falls and then rises.
 */
const WORSE_IN_A_ROW = 2;

/** What one penalty's classifiers gave on vectors that they were not fitted on. */
export interface CrossValidation {
  readonly inversePenalty: number;
  /** Mean cross-entropy and accuracy over the vectors that could be predicted, each once. */
  readonly loss: number;
  readonly accuracy: number;
  /** Per vector, in order; -Infinity for a label that the other folds have none of. */
  readonly logits: readonly (readonly number[])[];
}

export interface PenaltyChoice {
  readonly chosen: CrossValidation;
  readonly tried: readonly CrossValidation[];
  /** Vectors whose label only their own fold has: no classifier without it can predict them, so no figure counts them. */
  readonly unpredictable: number;
}

export interface ChoiceOptions {
  /** Fold of each vector, 0 to folds - 1. */
  readonly foldOf: readonly number[];
  readonly folds: number;
  /** Makes the fitter of each fold, of that fold's training vectors alone. @default createLogisticFitter */
  readonly createFitter?: (data: LabelledFeatures) => LogisticFitter;
}

/**
 * Tries penalty after penalty, weaker and weaker, on every fold; the one with the least cross-entropy is chosen.
 * @throws INVALID_REQUEST when no vector's label is in two folds
 */
export const choosePenalty = (data: LabelledFeatures, options: ChoiceOptions): PenaltyChoice => {
  const { foldOf, createFitter = createLogisticFitter } = options;
  const folds = Array.from({ length: options.folds }, (_, fold) => divide(foldOf, fold)).filter(isUsable);
  let starts: readonly (LinearClassifier | undefined)[] = folds.map(() => undefined);
  let predictable: readonly number[] = [];
  const tried: CrossValidation[] = [];
  for (const inversePenalty of INVERSE_PENALTIES) {
    const logits = new Array<readonly number[]>(foldOf.length).fill([]);
    // Made anew for each penalty: several at once would each hold a copy of the vectors.
    starts = folds.map((fold, index) => {
      const { fitPenalty, labels } = fitterOf(data, fold.others, createFitter);
      const classifier = fitPenalty({ inversePenalty, start: starts[index] });
      predict(data, fold.own, { classifier, labels }, logits);
      return classifier;
    });
    if (tried.length === 0) predictable = requirePredictable(data, logits);
    tried.push({ inversePenalty, ...judge(logits, data.targets, predictable), logits });
    if (tried.length - 1 - tried.indexOf(bestOf(tried)) >= WORSE_IN_A_ROW) break;
  }
  return { chosen: bestOf(tried), tried, unpredictable: foldOf.length - predictable.length };
};

/** The strongest of equals. */
const bestOf = (tried: readonly CrossValidation[]): CrossValidation =>
  tried.reduce((best, other) => (other.loss < best.loss ? other : best));

interface Fold {
  readonly own: readonly number[];
  readonly others: readonly number[];
}

const divide = (foldOf: readonly number[], fold: number): Fold => ({
  own: foldOf.flatMap((other, item) => (other === fold ? [item] : [])),
  others: foldOf.flatMap((own, item) => (own === fold ? [] : [item])),
});

const isUsable = ({ own, others }: Fold): boolean => own.length > 0 && others.length > 0;

const requirePredictable = (
  { targets }: LabelledFeatures,
  logits: readonly (readonly number[])[],
): readonly number[] => {
  const predictable = targets.flatMap((target, item) => (Number.isFinite(logits[item]?.[target]) ? [item] : []));
  if (predictable.length > 0) return predictable;
  throw new SulcusError('INVALID_REQUEST', 'expected a label that two folds have scans of, received none');
};

/** Writes the logits of these items, -Infinity for labels that the classifier has not. */
const predict = (
  { features, labels }: LabelledFeatures,
  items: readonly number[],
  fitted: { readonly classifier: LinearClassifier; readonly labels: readonly number[] },
  logits: (readonly number[])[],
): void => {
  for (const item of items) {
    const given = linearLogits(fitted.classifier, features[item] as Float32Array);
    const all = new Array<number>(labels).fill(Number.NEGATIVE_INFINITY);
    fitted.labels.forEach((label, position) => {
      all[label] = given[position] as number;
    });
    logits[item] = all;
  }
};

/** Of the labels that these items have: the bias of one they have not would have no lower end. */
const fitterOf = (
  { features, targets }: LabelledFeatures,
  items: readonly number[],
  createFitter: (data: LabelledFeatures) => LogisticFitter,
): { fitPenalty: LogisticFitter; labels: readonly number[] } => {
  const labels = [...new Set(items.map((item) => targets[item] as number))].sort((a, b) => a - b);
  const fitPenalty = createFitter({
    features: items.map((item) => features[item] as Float32Array),
    targets: items.map((item) => labels.indexOf(targets[item] as number)),
    labels: labels.length,
  });
  return { fitPenalty, labels };
};

const judge = (logits: readonly (readonly number[])[], targets: readonly number[], items: readonly number[]) => {
  let [loss, hits] = [0, 0];
  for (const item of items) {
    const own = logits[item] as readonly number[];
    const target = targets[item] as number;
    loss += softmaxLoss(own, target);
    if (isHit(own, target)) hits += 1;
  }
  return { loss: loss / items.length, accuracy: hits / items.length };
};

/** Whether the label's logit is the highest, alone. */
export const isHit = (logits: readonly number[], target: number): boolean =>
  logits.every((logit, label) => label === target || logit < (logits[target] as number));
