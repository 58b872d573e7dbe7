import {
  createLogisticFitter,
  type LabelledFeatures,
  type LinearClassifier,
  type LogisticFitter,
} from './logistic-regression';

/** Per channel; a channel that is the same in every vector keeps a scale of 1. */
interface Scaling {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

/**
 * Logistic regression on standardized channels, so that one penalty suits them all: scikit-learn's
 * `make_pipeline(StandardScaler(), LogisticRegression(C))`. The standardization is folded into the classifier, which takes
 * features as they are.
 */
export const createStandardizedFitter = (data: LabelledFeatures): LogisticFitter => {
  const scaling = scalingOf(data.features);
  const fitPenalty = createLogisticFitter({
    ...data,
    features: data.features.map((vector) => standardize(vector, scaling)),
  });
  return ({ inversePenalty, start }) =>
    fold(fitPenalty({ inversePenalty, start: start === undefined ? undefined : unfold(start, scaling) }), scaling);
};

const scalingOf = (features: readonly Float32Array[]): Scaling => {
  const channels = features[0]?.length ?? 0;
  const count = features.length;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (const vector of features) {
    for (let channel = 0; channel < channels; channel++) add(mean, channel, (vector[channel] as number) / count);
  }
  for (const vector of features) {
    for (let channel = 0; channel < channels; channel++) {
      add(variance, channel, ((vector[channel] as number) - (mean[channel] as number)) ** 2 / count);
    }
  }
  // What scikit-learn calls constant: no more than rounding makes of it.
  const rounding = (channel: number): number => (count * (mean[channel] as number) * Number.EPSILON) ** 2;
  const scale = variance.map((value, channel) =>
    value <= count * Number.EPSILON * value + rounding(channel) ? 1 : Math.sqrt(value),
  );
  return { mean, scale };
};

const add = (to: Float64Array, at: number, value: number): void => {
  to[at] = (to[at] as number) + value;
};

const standardize = (vector: Float32Array, { mean, scale }: Scaling): Float32Array =>
  vector.map((value, channel) => (value - (mean[channel] as number)) / (scale[channel] as number));

/** `W (x - mean) / scale + b = (W / scale) x + (b - W mean / scale)`; the biases add up to 0 again. */
const fold = ({ weight, bias, iterations }: LinearClassifier, { mean, scale }: Scaling): LinearClassifier => {
  const channels = mean.length;
  const folded = weight.map((value, index) => value / (scale[index % channels] as number));
  const shifted = bias.map((value, label) => value - dotRow(folded, label, mean));
  const centre = shifted.reduce((a, b) => a + b, 0) / shifted.length;
  return { weight: folded, bias: shifted.map((value) => value - centre), iterations };
};

const unfold = ({ weight, bias, iterations }: LinearClassifier, { mean, scale }: Scaling): LinearClassifier => ({
  weight: weight.map((value, index) => value * (scale[index % mean.length] as number)),
  bias: bias.map((value, label) => value + dotRow(weight, label, mean)),
  iterations,
});

const dotRow = (weight: Float64Array, row: number, vector: Float64Array): number =>
  vector.reduce((sum, value, channel) => sum + value * (weight[row * vector.length + channel] as number), 0);
