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
  /** Told as each fold is done. */
  readonly report?: () => void;
}

/**
 * Tries every penalty on every fold; the one with the least cross-entropy is chosen.
 * @throws INVALID_REQUEST when no vector's label is in two folds
 */
export const choosePenalty = (data: LabelledFeatures, options: ChoiceOptions): PenaltyChoice => {
  const { foldOf, folds, createFitter = createLogisticFitter, report = () => {} } = options;
  const logits = INVERSE_PENALTIES.map(() => new Array<readonly number[]>(foldOf.length).fill([]));
  for (let fold = 0; fold < folds; fold++) {
    crossValidate(data, { foldOf, fold, createFitter }, logits);
    report();
  }
  const predictable = data.targets.flatMap((target, item) =>
    Number.isFinite(logits[0]?.[item]?.[target]) ? [item] : [],
  );
  if (predictable.length === 0) {
    throw new SulcusError('INVALID_REQUEST', 'expected a label that two folds have scans of, received none');
  }
  const tried = INVERSE_PENALTIES.map((inversePenalty, index) => {
    const own = logits[index] ?? [];
    return { inversePenalty, ...judge(own, data.targets, predictable), logits: own };
  });
  return {
    chosen: tried.reduce((best, other) => (other.loss < best.loss ? other : best)),
    tried,
    unpredictable: foldOf.length - predictable.length,
  };
};

interface LeftOutFold extends Required<Pick<ChoiceOptions, 'foldOf' | 'createFitter'>> {
  readonly fold: number;
}

const crossValidate = (
  data: LabelledFeatures,
  { foldOf, fold, createFitter }: LeftOutFold,
  logits: readonly (readonly number[])[][],
): void => {
  const others = foldOf.flatMap((own, item) => (own === fold ? [] : [item]));
  const own = foldOf.flatMap((other, item) => (other === fold ? [item] : []));
  if (others.length === 0 || own.length === 0) return;
  const { fitPenalty, labels } = fitterOf(data, others, createFitter);
  let start: LinearClassifier | undefined;
  INVERSE_PENALTIES.forEach((inversePenalty, index) => {
    const classifier = fitPenalty({ inversePenalty, start });
    start = classifier;
    for (const item of own) {
      const given = linearLogits(classifier, data.features[item] as Float32Array);
      const all = new Array<number>(data.labels).fill(Number.NEGATIVE_INFINITY);
      labels.forEach((label, position) => {
        all[label] = given[position] as number;
      });
      (logits[index] as (readonly number[])[])[item] = all;
    }
  });
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
