import type { GraphSession } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import type { ModelManifest } from '../core/model-manifest';
import type { VitModel } from './architectures/vit/vit-model';
import { PROBE_IMAGES, PROBE_KIND, probeImage } from './probe-images';

/**
 * How far logits may move: the largest difference by 0.6 of a logit scale, the mean difference by a quarter of that.
 *
 * The scale is what a logit is expected to be (see `expectedLogitScale`), or what the reference's logits are on the probe
 * images when that is more: a spread over images would not do, since random weights give nearly the same logits for every
 * image. Measured mean / largest differences in % of the scale: trained weights 2 / 10, random ones 0.1 to 1.8 / 6, with
 * layer norm gains of 40 among ones 2 to 4 / 26, with gains of 100 over 24 layers 13 / 53. Of a trained ViT-S with 4-bit
 * weights 44 / 180, without one layer's bias 23 to 38 / 75 to 244, with one weight transposed 19 to 21 / 95 to 111.
 */
const LARGEST_SHARE = 0.6;
const MEAN_SHARE = 0.25;

/**
 * Root mean square, over labels, of the logit that a normalised vector in a random direction would give: the classifier's
 * weights as the final layer norm feeds them, `sum of w^2 (gamma^2 + beta^2)`.
 */
export const expectedLogitScale = async (model: VitModel): Promise<number> => {
  if (model.classifier === null) throw new RangeError('expected a model with a classifier');
  const { gamma, beta } = await model.finalNorm();
  const { weight, inSize, outSize } = await model.classifier();
  let sum = 0;
  for (let index = 0; index < weight.length; index++) {
    const channel = index % inSize;
    sum += (weight[index] as number) ** 2 * ((gamma[channel] as number) ** 2 + (beta[channel] as number) ** 2);
  }
  return Math.sqrt(sum / outSize);
};

export interface Comparison {
  readonly reference: GraphSession;
  readonly candidate: GraphSession;
  readonly imageSize: ModelManifest['imageSize'];
  /** From `expectedLogitScale`. */
  readonly logitScale: number;
}

/**
 * Runs both graphs on the probe images and compares their logits.
 * @returns the manifest's parity figures; `exceeded` says that the bound was, the caller decides what that means
 * @throws INFERENCE_FAILED when either graph cannot run
 */
export const compareGraphs = async (comparison: Comparison): Promise<ModelManifest['parity']> => {
  const { reference, candidate, imageSize, logitScale } = comparison;
  const differences: number[] = [];
  let sumOfSquares = 0;
  let agreements = 0;
  for (let index = 0; index < PROBE_IMAGES; index++) {
    const pixels = probeImage(index, imageSize.height, imageSize.width);
    const expected = await reference.run(pixels);
    const received = await candidate.run(pixels);
    if (argmax(expected) === argmax(received)) agreements++;
    expected.forEach((logit, label) => {
      sumOfSquares += logit ** 2;
      differences.push(Math.abs(logit - (received[label] as number)));
    });
  }
  const largest = differences.reduce((a, b) => Math.max(a, b), 0);
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  const bound = LARGEST_SHARE * Math.max(logitScale, Math.sqrt(sumOfSquares / differences.length), Number.MIN_VALUE);
  return {
    reference: 'fp32 graph of the same checkpoint',
    images: PROBE_IMAGES,
    imageKind: PROBE_KIND,
    maxLogitDifference: largest,
    meanLogitDifference: mean,
    top1Agreement: agreements / PROBE_IMAGES,
    bound,
    // Not the other way round: NaN is within no bound.
    exceeded: !(largest <= bound && mean <= bound * MEAN_SHARE),
  };
};

/** @throws PARITY_EXCEEDED when the figures are beyond their bound */
export const requireParity = (parity: ModelManifest['parity']): void => {
  if (!parity.exceeded) return;
  const { maxLogitDifference, meanLogitDifference, bound } = parity;
  throw new SulcusError(
    'PARITY_EXCEEDED',
    `expected logits of the quantized graph within ${bound.toPrecision(3)} (on average ${(bound * MEAN_SHARE).toPrecision(3)}) ` +
      `of the fp32 graph, received ${maxLogitDifference.toPrecision(3)} (on average ${meanLogitDifference.toPrecision(3)})`,
  );
};

const argmax = (values: Float32Array): number =>
  values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);
