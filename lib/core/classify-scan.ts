import type { LabelScore, ModelReference, Timings } from './contract';
import { SulcusError } from './errors';
import type { ModelManifest } from './model-manifest';
import { type RunModelDeps, runModel } from './run-model';

export type ClassifyScanDeps = RunModelDeps;

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
 * @throws UNSUPPORTED_IMAGE, IMAGE_TOO_LARGE, UNREADABLE_IMAGE for the file; MODEL_HAS_NO_LABELS before it is decoded,
 * MODEL_UNAVAILABLE, INFERENCE_FAILED
 */
export const classifyScan = async (deps: ClassifyScanDeps, bytes: Uint8Array): Promise<Classification> => {
  const model = await deps.model();
  requireLabels(model.manifest);
  const { values, timings } = await runModel(deps.decoder, model, bytes, ['logits']);
  const scores = rankScores(values.logits, model.manifest);
  const [best] = scores;
  if (best === undefined) throw new SulcusError('INFERENCE_FAILED', 'expected at least one logit, received none');
  return { label: best.label, score: best.score, scores, model: modelReference(model.manifest), timings };
};

/** @throws MODEL_HAS_NO_LABELS when the model was compiled from a checkpoint without a classifier */
export const requireLabels = ({ name, labels }: Pick<ModelManifest, 'name' | 'labels'>): void => {
  if (labels.length > 0) return;
  throw new SulcusError(
    'MODEL_HAS_NO_LABELS',
    `expected a model with a classifier, received ${name}, which has none; its features are at POST /v1/features`,
  );
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
