import type { AbstainReason } from '../contract';
import type { Calibration } from './calibration-schema';

/** What turns logits into those that scores are made of. */
export interface Scaling {
  readonly temperature: number;
  readonly bias: readonly number[] | null;
}

/** Plain scores. */
export const UNSCALED: Scaling = { temperature: 1, bias: null };

/** Logits as scores are made of them; the plain ones without a calibration. */
export const calibrateLogits = (logits: ArrayLike<number>, calibration: Scaling | null): number[] => {
  if (calibration === null) return Array.from(logits);
  const { temperature, bias } = calibration;
  return Array.from(logits, (logit, label) => logit / temperature + (bias?.[label] ?? 0));
};

export type Activation = 'softmax' | 'sigmoid';

/**
 * How sure the answer is: the highest score; of a sigmoid, whose low scores are answers too, that or its complement.
 * @param scores any order
 */
export const confidenceOf = (scores: readonly number[], activation: Activation): number => {
  const top = scores.reduce((a, b) => Math.max(a, b), 0);
  return activation === 'sigmoid' ? Math.max(top, 1 - top) : top;
};

/** How far the highest score is ahead of the next; 1 where labels do not compete. */
export const marginOf = (scores: readonly number[], activation: Activation): number => {
  if (activation === 'sigmoid' || scores.length < 2) return 1;
  const [first = 0, second = 0] = [...scores].sort((a, b) => b - a);
  return first - second;
};

/** Why the bundle's thresholds leave this scan open; null when they do not. */
export const lowConfidence = (
  scores: readonly number[],
  activation: Activation,
  { threshold }: Pick<Calibration, 'threshold'>,
): AbstainReason | null =>
  confidenceOf(scores, activation) < threshold.score || marginOf(scores, activation) < threshold.margin
    ? 'low_confidence'
    : null;
