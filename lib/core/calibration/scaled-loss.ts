import type { Objective } from '../linear/lbfgs';
import type { Activation, Scaling } from './apply-calibration';

/** Logits of scans with the index of each one's label; null for none of a sigmoid's labels. */
export interface LabelledLogits {
  readonly logits: readonly (readonly number[])[];
  readonly targets: readonly (number | null)[];
  readonly activation: Activation;
}

/**
 * Mean cross-entropy of scaled logits: softmax over all labels, or the binary ones of a sigmoid added up.
 * @param items which scans; all by default
 */
export const scaledLoss = (data: LabelledLogits, scaling: Scaling, items?: readonly number[]): number => {
  const { temperature, bias } = scaling;
  const labels = data.logits[0]?.length ?? 0;
  const point = Float64Array.of(1 / temperature, ...(bias ?? new Float64Array(labels)));
  return lossAt(data, items)(point, new Float64Array(labels + 1));
};

/** The loss at `[1 / temperature, ...bias]`, in which it is convex. */
export const lossAt = ({ logits, targets, activation }: LabelledLogits, items?: readonly number[]): Objective => {
  const chosen = items ?? logits.map((_, item) => item);
  const share = 1 / chosen.length;
  const errors = new Float64Array(logits[0]?.length ?? 0);
  const toErrors = activation === 'sigmoid' ? binaryErrors : softmaxErrors;
  return (point, gradient) => {
    gradient.fill(0);
    const slope = point[0] as number;
    let loss = 0;
    for (const item of chosen) {
      const own = logits[item] as readonly number[];
      for (let label = 0; label < errors.length; label++) {
        errors[label] = (own[label] as number) * slope + (point[label + 1] as number);
      }
      loss += share * toErrors(errors, targets[item] as number | null);
      for (let label = 0; label < errors.length; label++) {
        const error = share * (errors[label] as number);
        gradient[0] = (gradient[0] as number) + error * (own[label] as number);
        gradient[label + 1] = (gradient[label + 1] as number) + error;
      }
    }
    return loss;
  };
};

/** Logits become softmax minus truth. @returns the cross-entropy */
const softmaxErrors = (logits: Float64Array, target: number | null): number => {
  let [max, sum] = [Number.NEGATIVE_INFINITY, 0];
  for (let label = 0; label < logits.length; label++) max = Math.max(max, logits[label] as number);
  const own = (logits[target ?? -1] ?? Number.NEGATIVE_INFINITY) - max;
  for (let label = 0; label < logits.length; label++) {
    const exponent = Math.exp((logits[label] as number) - max);
    logits[label] = exponent;
    sum += exponent;
  }
  for (let label = 0; label < logits.length; label++) {
    logits[label] = (logits[label] as number) / sum - (label === target ? 1 : 0);
  }
  return Math.log(sum) - own;
};

/** Logits become sigmoid minus truth. @returns the binary cross-entropies added up */
const binaryErrors = (logits: Float64Array, target: number | null): number => {
  let loss = 0;
  for (let label = 0; label < logits.length; label++) {
    const logit = logits[label] as number;
    const exponent = Math.exp(-Math.abs(logit));
    const isTarget = label === target;
    loss += Math.max(isTarget ? -logit : logit, 0) + Math.log1p(exponent);
    logits[label] = (logit >= 0 ? 1 : exponent) / (1 + exponent) - (isTarget ? 1 : 0);
  }
  return loss;
};
