import type { LayerNorm, Linear, VitLayer, VitModel } from '../architectures/vit/vit-model';

/**
 * SmoothQuant (https://arxiv.org/abs/2211.10438) without calibration: channels of a large range hog the 256 levels that
 * all channels of an activation share, so each is divided by the square root of its range and the weights that read it
 * are multiplied by the same. Exact in real arithmetic, free at run time. Ranges come from the weights alone: what a layer
 * norm gives has `beta ± k gamma`, and what attention averages lies within the values, which are linear in that.
 *
 * The square root (alpha = 0.5) is the paper's default and the one power that every JavaScript engine rounds alike.
 */
export const SMOOTHING_ALPHA = 0.5;

/** Standard deviations that a channel's range is taken to span. */
const DEVIATIONS = 3;

/** A channel that never fires would otherwise be divided by nothing. */
const SMALLEST_SHARE = 1e-6;

export const smoothVit = (model: VitModel): VitModel => ({
  ...model,
  layer: async (index) => smoothLayer(await model.layer(index)),
});

const smoothLayer = (layer: VitLayer): VitLayer => {
  const values = factors(valueRanges(layer.value, layer.attentionNorm));
  const attention = factors(normRanges(layer.attentionNorm));
  const mlp = factors(normRanges(layer.mlpNorm));
  return {
    attentionNorm: divideNorm(layer.attentionNorm, attention),
    query: multiplyInputs(layer.query, attention),
    key: multiplyInputs(layer.key, attention),
    value: multiplyInputs(divideOutputs(layer.value, values), attention),
    attentionOutput: multiplyInputs(layer.attentionOutput, values),
    mlpNorm: divideNorm(layer.mlpNorm, mlp),
    mlpIn: multiplyInputs(layer.mlpIn, mlp),
    mlpOut: layer.mlpOut,
  };
};

const normRanges = ({ gamma, beta }: LayerNorm): Float64Array =>
  Float64Array.from(gamma, (scale, channel) => Math.abs(beta[channel] as number) + DEVIATIONS * Math.abs(scale));

const valueRanges = ({ weight, bias, inSize, outSize }: Linear, { gamma, beta }: LayerNorm): Float64Array =>
  Float64Array.from({ length: outSize }, (_, row) => {
    let mean = bias?.[row] ?? 0;
    let variance = 0;
    for (let k = 0; k < inSize; k++) {
      const coefficient = weight[row * inSize + k] as number;
      mean += coefficient * (beta[k] as number);
      variance += (coefficient * (gamma[k] as number)) ** 2;
    }
    return Math.abs(mean) + DEVIATIONS * Math.sqrt(variance);
  });

const factors = (ranges: Float64Array): Float64Array => {
  const largest = ranges.reduce((a, b) => Math.max(a, b), 0);
  return ranges.map((range) => (largest === 0 ? 1 : Math.sqrt(Math.max(range / largest, SMALLEST_SHARE))));
};

const divide = (values: Float32Array, by: Float64Array): Float32Array =>
  values.map((value, index) => value / (by[index] as number));

const divideNorm = ({ gamma, beta }: LayerNorm, by: Float64Array): LayerNorm => ({
  gamma: divide(gamma, by),
  beta: divide(beta, by),
});

const divideOutputs = (linear: Linear, by: Float64Array): Linear => ({
  ...linear,
  weight: mapWeight(linear, (value, row) => value / (by[row] as number)),
  bias: linear.bias === null ? null : divide(linear.bias, by),
});

const multiplyInputs = (linear: Linear, by: Float64Array): Linear => ({
  ...linear,
  weight: mapWeight(linear, (value, _row, column) => value * (by[column] as number)),
});

const mapWeight = (
  { weight, outSize, inSize }: Linear,
  map: (value: number, row: number, column: number) => number,
): Float32Array => {
  const mapped = new Float32Array(weight.length);
  for (let row = 0, index = 0; row < outSize; row++) {
    for (let column = 0; column < inSize; column++, index++) mapped[index] = map(weight[index] as number, row, column);
  }
  return mapped;
};
