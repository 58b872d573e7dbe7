import { SulcusError } from '../errors';
import { dealFolds } from '../linear/folds';
import { seededRandom } from '../seeded-random';
import { type Scaling, UNSCALED } from './apply-calibration';
import { type LabelledLogits, scaledLoss } from './scaled-loss';

/** Of the chosen scans; of all by default. */
export type FitScaling = (data: LabelledLogits, items?: readonly number[]) => Scaling;

/** Up to so many subjects each is left out by itself; more are dealt to ten folds. */
const MOST_LEFT_OUT = 20;
const FOLDS = 10;
const SEED = 5;

/** The fold of each scan; no subject is in two. @throws INVALID_REQUEST for fewer than two subjects */
export const foldsBySubject = (subjects: readonly number[], targets: readonly (number | null)[]): number[] => {
  const distinct = [...new Set(subjects)];
  if (distinct.length < 2) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected scans of at least two subjects to calibrate on, received ${distinct.length}`,
    );
  }
  if (distinct.length <= MOST_LEFT_OUT) return subjects.map((subject) => distinct.indexOf(subject));
  const numbers = targets.map((target) => target ?? -1);
  return dealFolds(subjects, numbers, { count: FOLDS, random: seededRandom(SEED) });
};

export interface LeftOut {
  /** What each scan is scaled by: fitted on the other folds. */
  readonly scalings: readonly Scaling[];
  readonly losses: readonly number[];
  /** Their mean. */
  readonly loss: number;
}

/** What each fold's scans lose by what `fitOn` makes of the other folds. */
export const leaveOut = (data: LabelledLogits, foldOf: readonly number[], fitOn: FitScaling): LeftOut => {
  const byFold = new Map<number, Scaling>();
  for (const fold of new Set(foldOf)) {
    byFold.set(
      fold,
      fitOn(
        data,
        foldOf.flatMap((own, item) => (own === fold ? [] : [item])),
      ),
    );
  }
  const scalings = foldOf.map((fold) => byFold.get(fold) ?? UNSCALED);
  const losses = scalings.map((scaling, item) => scaledLoss(data, scaling, [item]));
  return { scalings, losses, loss: mean(losses) };
};

/** Whether the loss of left-out subjects is lower with a bias, on average over subjects, by more than a standard error. */
export const pays = (plain: LeftOut, biased: LeftOut, subjects: readonly number[]): boolean => {
  const gains = [...new Set(subjects)].map((subject) => {
    const own = subjects.flatMap((other, item) => (other === subject ? [item] : []));
    return mean(own.map((item) => (plain.losses[item] ?? 0) - (biased.losses[item] ?? 0)));
  });
  const gain = mean(gains);
  const variance = gains.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (gains.length - 1);
  return gain > Math.sqrt(variance / gains.length);
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
