import { SulcusError } from '../errors';
import { bootstrapIntervals, type Interval } from '../metrics/bootstrap';
import { softmaxLoss } from '../metrics/losses';
import { meanOf } from '../metrics/statistic';
import { seededRandom } from '../seeded-random';
import { shorten } from '../show-value';
import { choosePenalty, isHit, type PenaltyChoice } from './choose-penalty';
import { dealFolds } from './folds';
import type { LabelledFeatures, LinearClassifier } from './logistic-regression';
import { createStandardizedFitter } from './standardize';
import type { TrainedHead } from './trained-head';

const FOLDS = 5;
const SEED = 1;
const REPLICATES = 1000;
/** One to leave out and one to learn from. */
const LEAST_SCANS_OF_A_LABEL = 2;

export interface HeadData extends Omit<LabelledFeatures, 'labels'> {
  readonly labels: readonly string[];
  /** Subject of each vector, any numbers; null when they are not known. */
  readonly subjects: readonly number[] | null;
}

export interface FittedHead {
  /** Takes features as they are. */
  readonly classifier: LinearClassifier;
  readonly facts: Omit<TrainedHead, 'backbone' | 'images' | 'maxLogitDifference'>;
}

/**
 * Multinomial logistic regression on standardized features, its L2 penalty the one with the least loss on subjects left
 * out (on scans, where subjects are not known). Same data, same classifier.
 * @throws INVALID_REQUEST for fewer than two labels, labels of one scan, fewer than two subjects or values that are not finite
 */
export const fitHead = (data: HeadData): FittedHead => {
  const { features, targets, labels, subjects } = data;
  requireEnough(data);
  const groups = subjects ?? targets.map((_, item) => item);
  const folds = Math.min(FOLDS, new Set(groups).size);
  const foldOf = dealFolds(groups, targets, { count: folds, random: seededRandom(SEED) });
  const numbered = { features, targets, labels: labels.length };
  const choice = choosePenalty(numbered, { foldOf, folds, createFitter: createStandardizedFitter });
  const { inversePenalty } = choice.chosen;
  return {
    classifier: createStandardizedFitter(numbered)({ inversePenalty }),
    facts: {
      scans: targets.length,
      subjects: subjects === null ? null : new Set(subjects).size,
      perLabel: labels.map((label, index) => ({ label, ...countLabel(data, index) })),
      inversePenalty,
      crossValidation: { folds, ...judge(choice, targets, groups) },
    },
  };
};

const requireEnough = (data: HeadData): void => {
  const { features, labels, subjects } = data;
  if (labels.length < 2) {
    throw refused('scans of at least two labels', labels[0] === undefined ? 'none' : `${shorten(labels[0])} alone`);
  }
  const counts = labels.map((label, index) => ({ label, ...countLabel(data, index) }));
  const rare = counts.find(({ scans }) => scans < LEAST_SCANS_OF_A_LABEL);
  if (rare !== undefined) {
    throw refused(`at least ${LEAST_SCANS_OF_A_LABEL} scans of each label`, `${rare.scans} of ${shorten(rare.label)}`);
  }
  if (subjects !== null && new Set(subjects).size < 2) throw refused('scans of at least two subjects', 'one');
  const channels = features[0]?.length ?? 0;
  const wrong = features.findIndex((vector) => vector.length !== channels || !vector.every(Number.isFinite));
  if (wrong >= 0) throw refused(`${channels} finite features of every scan`, `others of scan ${wrong + 1}`);
};

const refused = (expected: string, received: string): SulcusError =>
  new SulcusError('INVALID_REQUEST', `expected ${expected} to train a classifier on, received ${received}`);

const countLabel = ({ targets, subjects }: HeadData, label: number) => {
  const own = targets.flatMap((target, item) => (target === label ? [item] : []));
  return { scans: own.length, subjects: subjects === null ? null : new Set(own.map((item) => subjects[item])).size };
};

const judge = ({ chosen }: PenaltyChoice, targets: readonly number[], groups: readonly number[]) => {
  const items = targets.flatMap((target, item) => (Number.isFinite(chosen.logits[item]?.[target]) ? [item] : []));
  const logitsOf = (item: number) => chosen.logits[item] as readonly number[];
  const targetOf = (item: number) => targets[item] as number;
  const statistics = {
    accuracy: meanOf(items.map((item) => (isHit(logitsOf(item), targetOf(item)) ? 1 : 0))),
    loss: meanOf(items.map((item) => softmaxLoss(logitsOf(item), targetOf(item)))),
  };
  const numbers = new Map(
    [...new Set(items.map((item) => groups[item] as number))].map((group, index) => [group, index]),
  );
  const clusters = items.map((item) => numbers.get(groups[item] as number) as number);
  const intervals = bootstrapIntervals(statistics, { clusters, replicates: REPLICATES, random: seededRandom(SEED) });
  return {
    scans: items.length,
    accuracy: toFigure(chosen.accuracy, intervals.accuracy),
    loss: toFigure(chosen.loss, intervals.loss),
  };
};

/** Six digits: more would differ between versions of the exponential function, and mean nothing. */
const rounded = (value: number): number => Number(value.toPrecision(6));

const toFigure = (value: number, interval: Interval | null) => ({
  value: rounded(value),
  low: interval === null ? null : rounded(interval[0]),
  high: interval === null ? null : rounded(interval[1]),
});
