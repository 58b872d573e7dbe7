import type { GraphSession } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import type { ModelManifest } from '../core/model-manifest';
import type { VitModel } from './architectures/vit/vit-model';
import { figuresOf, logitSize, type Pair } from './parity-figures';
import { disturb, type ProbeImages } from './probe-images';

/**
 * How far logits may move: the largest difference by 0.6 of a logit scale, the mean difference by a quarter of that; the
 * features of a model without a classifier may turn to a cosine of 0.8, and of 0.97 on average.
 *
 * The scale is what a logit is expected to be (see `expectedLogitScale`), or what the reference's logits are on the probe
 * images when that is more: a spread over images would not do, since random weights give nearly the same logits for every
 * image. Measured on 16 images, mean / largest difference in % of the scale and mean / smallest cosine: a trained ViT-S
 * 2 / 8 and 0.999 / 0.999, random ViT-Ti and S 2 to 3 / 5 to 8 and 0.999 / 0.999, with layer norm gains of 40 among ones
 * 3 / 15 and 0.999 / 0.995. Of the trained ViT-S with 4-bit weights 44 / 191 and 0.87 / 0.72, with one weight transposed
 * 33 to 43 / 118 to 144 and 0.68 to 0.93 / 0.55 to 0.84, without one layer's bias 15 to 56 / 64 to 273 and 0.54 to 0.98 /
 * 0.2 to 0.94: the bias that matters least passes for features.
 */
const LARGEST_SHARE = 0.6;
const MEAN_SHARE = 0.25;
const SMALLEST_COSINE = 0.8;
const SMALLEST_MEAN_COSINE = 0.97;

/**
 * Weights may make a network so unsteady that anything throws it off: with layer norm gains of 100 and random weights the
 * fp32 graph's own logits move by 17 to 41 % of the scale on average when every pixel moves by one grey level at most,
 * and quantizing moves them by 11 to 39 %. That is no fault of the quantized graph, so the bound is at least this multiple
 * of what such a disturbance does to the fp32 graph (measured: 0.8 to 1.9 times it for the largest difference, 0.9 to 1.3
 * for the mean, with gains of 100 on 1 to 32 channels). The disturbance moves a trained network by next to nothing.
 */
const DISTURBANCE_FACTOR = 3;

/**
 * Root mean square, over labels, of the logit that a normalised vector in a random direction would give: the classifier's
 * weights as the final layer norm feeds them, `sum of w^2 (gamma^2 + beta^2)`. Null without a classifier.
 */
export const expectedLogitScale = async ({ finalNorm, classifier }: VitModel): Promise<number | null> => {
  if (classifier === null) return null;
  const { gamma, beta } = await finalNorm();
  const { weight, inSize, outSize } = await classifier();
  let sum = 0;
  for (let index = 0; index < weight.length; index++) {
    const channel = index % inSize;
    sum += (weight[index] as number) ** 2 * ((gamma[channel] as number) ** 2 + (beta[channel] as number) ** 2);
  }
  return Math.sqrt(sum / outSize);
};

export interface ComparisonBasis {
  readonly images: ProbeImages;
  /** From `expectedLogitScale`; null when there are no logits to compare. */
  readonly logitScale: number | null;
  /** The final layer norm's bias: what the features of both graphs share whatever the image. */
  readonly featureOffset: Float32Array;
}

export interface Comparison extends ComparisonBasis {
  readonly reference: GraphSession;
  readonly candidate: GraphSession;
}

type Parity = ModelManifest['parity'];

/**
 * Runs both graphs on the images and compares logits and features; only where they differ more than steady weights
 * explain, the reference runs once more, on disturbed images.
 * @returns the manifest's parity figures; `exceeded` says that the bound was, the caller decides what that means
 * @throws INFERENCE_FAILED when either graph cannot run
 */
export const compareGraphs = async (comparison: Comparison): Promise<Parity> => {
  const { reference, candidate, images } = comparison;
  const pairs: Pair[] = [];
  for (const pixels of images.pixels) {
    const expected = await run(reference, pixels, comparison);
    pairs.push({ expected, received: await run(candidate, pixels, comparison) });
  }
  const parity = judge(pairs, comparison);
  if (!parity.exceeded) return parity;
  const disturbed: Pair[] = [];
  for (const [index, pixels] of images.pixels.entries()) {
    const { expected } = pairs[index] as Pair;
    disturbed.push({ expected, received: await run(reference, disturb(pixels, index), comparison) });
  }
  return judge(pairs, comparison, disturbed);
};

/** The same for a bundle that is the fp32 graph: it runs and gives finite values, and differs by nothing. */
export const compareWithItself = async (session: GraphSession, basis: ComparisonBasis): Promise<Parity> => {
  const pairs: Pair[] = [];
  for (const pixels of basis.images.pixels) {
    const expected = await run(session, pixels, basis);
    pairs.push({ expected, received: expected });
  }
  return { ...judge(pairs, basis), reference: 'itself: the fp32 graph of the checkpoint' };
};

const run = (session: GraphSession, pixels: Uint8Array, { logitScale }: ComparisonBasis) =>
  session.run<'logits' | 'features'>({ pixels }, logitScale === null ? ['features'] : ['logits', 'features']);

const judge = (pairs: readonly Pair[], basis: ComparisonBasis, disturbed: readonly Pair[] | null = null): Parity => {
  const { images, logitScale, featureOffset } = basis;
  const figures = figuresOf(pairs, featureOffset, logitScale !== null);
  const unsteadiness = disturbed === null ? null : figuresOf(disturbed, featureOffset, logitScale !== null);
  const verdict =
    logitScale === null
      ? judgeFeatures(figures, unsteadiness)
      : judgeLogits(figures, unsteadiness, Math.max(logitScale, logitSize(pairs), Number.MIN_VALUE));
  return {
    reference: 'fp32 graph of the same checkpoint',
    images: pairs.length,
    imageKind: images.kind,
    ...figures,
    ...verdict,
  };
};

type Figures = ReturnType<typeof figuresOf>;
type Verdict = Pick<Parity, 'bound' | 'meanBound' | 'exceeded'>;

// Comparisons below are not the other way round: NaN is within no bound.

const judgeLogits = (figures: Figures, unsteadiness: Figures | null, scale: number): Verdict => {
  const [largest, mean] = [figures.maxLogitDifference ?? Number.NaN, figures.meanLogitDifference ?? Number.NaN];
  const share = LARGEST_SHARE * scale;
  const bound = Math.max(share, DISTURBANCE_FACTOR * (unsteadiness?.maxLogitDifference ?? 0));
  const meanBound = Math.max(MEAN_SHARE * share, DISTURBANCE_FACTOR * (unsteadiness?.meanLogitDifference ?? 0));
  return { bound, meanBound, exceeded: !(largest <= bound && mean <= meanBound) };
};

const judgeFeatures = (figures: Figures, unsteadiness: Figures | null): Verdict => {
  const [smallest, mean] = [figures.clsCosine ?? Number.NaN, figures.meanClsCosine ?? Number.NaN];
  const bound = Math.min(SMALLEST_COSINE, turnedFurther(unsteadiness?.clsCosine));
  const meanBound = Math.min(SMALLEST_MEAN_COSINE, turnedFurther(unsteadiness?.meanClsCosine));
  return { bound, meanBound, exceeded: !(smallest >= bound && mean >= meanBound) };
};

const turnedFurther = (cosine: number | null = 1): number => Math.max(-1, 1 - DISTURBANCE_FACTOR * (1 - (cosine ?? 1)));

/**
 * The figures of a graph whose classifier is replaced: its features' as they were measured, by their own bound; the logits
 * that were compared are another classifier's.
 */
export const judgeFeaturesAlone = (parity: Parity): Parity => {
  if (parity.maxLogitDifference === null) return parity;
  const features = { ...parity, maxLogitDifference: null, meanLogitDifference: null, top1Agreement: null };
  return { ...features, ...judgeFeatures(features, null), reference: `${parity.reference}, by its features` };
};

/** @throws PARITY_EXCEEDED when the figures are beyond their bound */
export const requireParity = (parity: Parity): void => {
  if (!parity.exceeded) return;
  const { maxLogitDifference, meanLogitDifference, clsCosine, meanClsCosine, bound, meanBound } = parity;
  const show = (value: number | null): string => (value ?? Number.NaN).toPrecision(3);
  throw new SulcusError(
    'PARITY_EXCEEDED',
    maxLogitDifference === null
      ? `expected a cosine of at least ${show(bound)} (on average ${show(meanBound)}) between the features of the quantized ` +
          `graph and of the fp32 graph, received ${show(clsCosine)} (on average ${show(meanClsCosine)})`
      : `expected logits of the quantized graph within ${show(bound)} (on average ${show(meanBound)}) ` +
          `of the fp32 graph, received ${show(maxLogitDifference)} (on average ${show(meanLogitDifference)})`,
  );
};
