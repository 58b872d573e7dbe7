import type { LabelScore, ModelReference, Timings } from './contract';
import { SulcusError } from './errors';
import { imageToPixels } from './image-processor';
import type { ModelManifest } from './model-manifest';
import type { ClassifierModel, ImageDecoder } from './ports';

export interface ClassifyScanDeps {
  readonly decoder: ImageDecoder;
  /** Opens the model at first use and keeps it; a failed opening is not kept. */
  readonly model: () => Promise<ClassifierModel>;
}

export interface Classification {
  readonly label: string;
  readonly score: number;
  /** All labels, highest score first; equal scores keep the model's label order. */
  readonly scores: readonly LabelScore[];
  readonly model: ModelReference;
  readonly timings: Timings;
}

/**
 * One image file in, its scores out: decode, resize, one forward pass, softmax (or sigmoid, as the manifest says).
 * @throws UNSUPPORTED_IMAGE, IMAGE_TOO_LARGE, UNREADABLE_IMAGE for the file; MODEL_UNAVAILABLE, INFERENCE_FAILED
 */
export const classifyScan = async (deps: ClassifyScanDeps, bytes: Uint8Array): Promise<Classification> => {
  const model = await deps.model();
  const start = performance.now();
  const image = await deps.decoder.decode(bytes);
  const decoded = performance.now();
  let pixels: Uint8Array;
  try {
    pixels = imageToPixels(image, model.imageProcessor);
  } finally {
    image.dispose();
  }
  const preprocessed = performance.now();
  const logits = await model.run(pixels);
  const done = performance.now();
  const scores = rankScores(logits, model.manifest);
  const [best] = scores;
  if (best === undefined) throw new SulcusError('INFERENCE_FAILED', 'expected at least one logit, received none');
  return {
    label: best.label,
    score: best.score,
    scores,
    model: modelReference(model.manifest),
    timings: {
      decodeMs: decoded - start,
      preprocessMs: preprocessed - decoded,
      inferenceMs: done - preprocessed,
      totalMs: performance.now() - start,
    },
  };
};

export const modelReference = ({ name, version, digest }: ModelManifest): ModelReference => ({ name, version, digest });

/** How a logit vector becomes scores in 0..1; double precision, max-subtracted so that no exponent overflows. */
export const activate = (logits: ArrayLike<number>, activation: 'softmax' | 'sigmoid' | 'none'): number[] => {
  const values = Array.from(logits);
  if (activation === 'none') return values;
  if (activation === 'sigmoid') return values.map((logit) => 1 / (1 + Math.exp(-logit)));
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponents = values.map((logit) => Math.exp(logit - max));
  const sum = exponents.reduce((a, b) => a + b, 0);
  return exponents.map((value) => value / sum);
};

const rankScores = (logits: Float32Array, { labels, activation }: ModelManifest): LabelScore[] => {
  if (logits.length !== labels.length) {
    throw new SulcusError(
      'INFERENCE_FAILED',
      `expected ${labels.length} logits for the model's labels, received ${logits.length}`,
    );
  }
  const scores = activate(logits, activation);
  return labels
    .map((label, index) => ({ label, score: scores[index] ?? Number.NaN, logit: logits[index] ?? Number.NaN }))
    .sort((a, b) => b.logit - a.logit);
};
