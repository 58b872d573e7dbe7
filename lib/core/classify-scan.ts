import { calibrateLogits, lowConfidence } from './calibration/apply-calibration';
import { gateDistances, passesGate, toThumbnail } from './calibration/input-gate';
import type { AbstainReason, LabelScore, ModelReference, Timings } from './contract';
import { SulcusError } from './errors';
import type { InTurn } from './in-turn';
import type { ModelManifest } from './model-manifest';
import type { ClassifierModel } from './ports';
import { type ModelRun, type RunModelDeps, runModel } from './run-model';

export interface ClassifyScanDeps extends RunModelDeps {
  /** Where several scans are at work: lets one at a time be computed, so that its timings are its own. @default all */
  readonly inTurn?: InTurn;
}

export interface Classification {
  readonly label: string;
  readonly score: number;
  /** All labels, highest score first; equal scores keep the model's label order. */
  readonly scores: readonly LabelScore[];
  /** Why the label is not to be relied on; null where it is, and always of a bundle that is not calibrated. */
  readonly abstainReason: AbstainReason | null;
  readonly model: ModelReference;
  readonly timings: Timings;
}

/**
 * One image file in, its scores out: decode, resize, one forward pass, softmax (or sigmoid, as the manifest says)
 * of the logits, calibrated where the bundle is.
 * @throws UNSUPPORTED_IMAGE, IMAGE_TOO_LARGE, UNREADABLE_IMAGE for the file; MODEL_HAS_NO_LABELS before it is decoded,
 * MODEL_UNAVAILABLE, INFERENCE_FAILED
 */
export const classifyScan = async (deps: ClassifyScanDeps, bytes: Uint8Array): Promise<Classification> => {
  const { decoder, inTurn = atOnce } = deps;
  const model = await deps.model();
  requireLabels(model.manifest);
  const run = await inTurn(() => runModel(decoder, model, bytes, wanted(model)));
  const { values, timings } = run;
  const scores = rankScores(values.logits, model.manifest);
  const [best] = scores;
  if (best === undefined) throw new SulcusError('INFERENCE_FAILED', 'expected at least one logit, received none');
  const abstainReason = abstain(model, run, scores);
  return {
    label: best.label,
    score: best.score,
    scores,
    abstainReason,
    model: modelReference(model.manifest),
    timings,
  };
};

const atOnce: InTurn = (work) => work();

type Outputs = 'logits' | 'features';

/** The gate looks at features of the same run: they lie on the way to the logits, so fetching them costs a copy. */
const wanted = ({ gate }: ClassifierModel): readonly Outputs[] => (gate === null ? ['logits'] : ['logits', 'features']);

/** What is no slice of this kind is said first: then the scores mean nothing, however high. */
const abstain = (
  { manifest, gate }: ClassifierModel,
  { values, pixels }: ModelRun<Outputs>,
  scores: readonly LabelScore[],
): AbstainReason | null => {
  const { calibration, imageSize, activation } = manifest;
  if (calibration === null) return null;
  if (gate !== null && calibration.gate !== null) {
    const scan = { features: values.features, thumbnail: toThumbnail(pixels, imageSize) };
    if (!passesGate(gateDistances(gate, scan), calibration.gate)) return 'not_a_brain_slice';
  }
  const all = scores.map(({ score }) => score);
  return lowConfidence(all, activation, calibration);
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

/**
 * The scores that the bundle makes of logits in label order, highest first.
 * @throws INFERENCE_FAILED for another number of logits than of labels
 */
export const rankScores = (
  logits: ArrayLike<number>,
  { labels, activation, calibration }: Pick<ModelManifest, 'labels' | 'activation' | 'calibration'>,
): LabelScore[] => {
  if (logits.length !== labels.length) {
    throw new SulcusError(
      'INFERENCE_FAILED',
      `expected ${labels.length} logits for the model's labels, received ${logits.length}`,
    );
  }
  const calibrated = calibrateLogits(logits, calibration);
  const scores = activate(calibrated, activation);
  // By what scores are made of: where they round to the same, its order still is the right one.
  return labels
    .map((label, index) => ({ label, score: scores[index] ?? Number.NaN, logit: logits[index] ?? Number.NaN, index }))
    .sort((a, b) => (calibrated[b.index] ?? 0) - (calibrated[a.index] ?? 0))
    .map(({ index, ...entry }) => entry);
};
