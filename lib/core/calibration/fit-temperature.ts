import { type LbfgsOptions, minimise, type Objective } from '../linear/lbfgs';
import type { Activation } from './apply-calibration';

/** Logits of scans with the index of each one's label; null for none of a sigmoid's labels. */
export interface LabelledLogits {
  readonly logits: readonly (readonly number[])[];
  readonly targets: readonly (number | null)[];
  readonly activation: Activation;
}

export interface Scaling {
  readonly temperature: number;
  readonly bias: readonly number[] | null;
}

const SMALLEST_TEMPERATURE = 0.05;
const LARGEST_TEMPERATURE = 100;
/**
 * Ridge of the biases: little beside what scans say, enough that the bias of a label that nobody has stays finite and
 * there is one optimum.
 */
const RIDGE = 1e-3;
const SEARCH: LbfgsOptions = { gradientTolerance: 1e-8, maxIterations: 500, precondition: () => undefined };

/**
 * Mean cross-entropy of scaled logits: softmax over all labels, or the binary ones of a sigmoid added up.
 * @param items which scans; all by default
 */
export const scaledLoss = (data: LabelledLogits, { temperature, bias }: Scaling, items?: readonly number[]): number => {
  const labels = data.logits[0]?.length ?? 0;
  const point = Float64Array.of(1 / temperature, ...(bias ?? new Float64Array(labels)));
  return lossAt(data, items)(point, new Float64Array(labels + 1));
};

/**
 * The temperature with the least cross-entropy (Guo et al. 2017, https://arxiv.org/abs/1706.04599), 0.05 to 100: the loss
 * is convex in its inverse.
 */
export const fitTemperature = (data: LabelledLogits, items?: readonly number[]): Scaling => {
  const loss = lossAt(data, items);
  const start = new Float64Array((data.logits[0]?.length ?? 0) + 1);
  const withoutBias: Objective = (point, gradient) => {
    const value = loss(point, gradient);
    gradient.fill(0, 1);
    return value;
  };
  const { point } = minimise(withoutBias, start.with(0, 1), SEARCH);
  return { temperature: 1 / withinLimits(point), bias: null };
};

/** Temperature and a bias per label with the least cross-entropy; the biases of a softmax add up to nothing. */
export const fitTemperatureAndBias = (data: LabelledLogits, items?: readonly number[]): Scaling => {
  const loss = withRidge(lossAt(data, items));
  const start = new Float64Array((data.logits[0]?.length ?? 0) + 1);
  let { point } = minimise(loss, start.with(0, 1), SEARCH);
  const slope = withinLimits(point);
  if (slope !== point[0]) {
    const atLimit: Objective = (at, gradient) => {
      const value = loss(at, gradient);
      gradient[0] = 0;
      return value;
    };
    point = minimise(atLimit, point.with(0, slope), SEARCH).point;
  }
  const bias = Array.from(point.subarray(1));
  const offset = data.activation === 'softmax' ? bias.reduce((a, b) => a + b, 0) / bias.length : 0;
  return { temperature: 1 / slope, bias: bias.map((value) => value - offset) };
};

const withinLimits = ([slope = 1]: Float64Array): number =>
  Math.min(Math.max(slope, 1 / LARGEST_TEMPERATURE), 1 / SMALLEST_TEMPERATURE);

const withRidge =
  (loss: Objective): Objective =>
  (point, gradient) => {
    let value = loss(point, gradient);
    for (let at = 1; at < point.length; at++) {
      const bias = point[at] as number;
      value += (RIDGE / 2) * bias ** 2;
      gradient[at] = (gradient[at] as number) + RIDGE * bias;
    }
    return value;
  };

/** The loss at `[1 / temperature, ...bias]`, in which it is convex. */
const lossAt = ({ logits, targets, activation }: LabelledLogits, items?: readonly number[]): Objective => {
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
