import { type LbfgsOptions, minimise, type Objective } from '../linear/lbfgs';
import type { Scaling } from './apply-calibration';
import { type LabelledLogits, lossAt } from './scaled-loss';

const SMALLEST_TEMPERATURE = 0.05;
const LARGEST_TEMPERATURE = 100;
/**
 * Ridge of the biases: little beside what scans say, enough that the bias of a label that nobody has stays finite and
 * there is one optimum.
 */
const RIDGE = 1e-3;
const SEARCH: LbfgsOptions = { gradientTolerance: 1e-8, maxIterations: 500, precondition: () => undefined };

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
