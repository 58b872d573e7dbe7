import { modelReference } from './classify-scan';
import type { AttentionMap, FeaturesResult } from './contract';
import { NOTICE, RESULT_SCHEMA_VERSION } from './contract';
import { SulcusError } from './errors';
import { toFloat32Base64 } from './float32-base64';
import type { ModelManifest } from './model-manifest';
import type { ModelOutput } from './model-outputs';
import { type RunModelDeps, runModel } from './run-model';

export interface ExtractOptions {
  /** Whether the last layer's attention is wanted too. */
  readonly attention: boolean;
}

/**
 * One image file in, its features out: the [CLS] token after the final layer norm, what the pooler makes of it where the
 * model has one, and on request how the last layer's [CLS] token attends to the patches. Nothing is rounded.
 * @throws UNSUPPORTED_IMAGE, IMAGE_TOO_LARGE, UNREADABLE_IMAGE for the file; MODEL_HAS_NO_FEATURES before it is decoded,
 * MODEL_UNAVAILABLE, INFERENCE_FAILED
 */
export const extractFeatures = async (
  deps: RunModelDeps,
  bytes: Uint8Array,
  { attention }: ExtractOptions,
): Promise<FeaturesResult> => {
  const model = await deps.model();
  const { manifest } = model;
  requireFeatures(manifest, { attention });
  const wanted: ModelOutput[] = ['features'];
  if (manifest.graph.outputs.pooled !== null) wanted.push('pooled');
  if (attention) wanted.push('attention');
  const run = await runModel(deps.decoder, model, bytes, wanted);
  const values: Partial<typeof run.values> & { readonly features: Float32Array } = run.values;
  return {
    schemaVersion: RESULT_SCHEMA_VERSION,
    features: [...values.features],
    featuresBase64: toFloat32Base64(values.features),
    pooled: values.pooled === undefined ? null : [...values.pooled],
    pooledBase64: values.pooled === undefined ? null : toFloat32Base64(values.pooled),
    attention: values.attention === undefined ? null : toAttentionMap(values.attention, manifest),
    model: modelReference(manifest),
    timings: run.timings,
    notice: NOTICE,
  };
};

/**
 * @throws MODEL_HAS_NO_FEATURES when the bundle was compiled when logits were all that graphs gave, or when attention is
 * asked of one whose tokens are merged: they are no patches any more
 */
export const requireFeatures = (
  { name, graph }: Pick<ModelManifest, 'name' | 'graph'>,
  { attention }: ExtractOptions = { attention: false },
): void => {
  if (graph.outputs.features === null) {
    throw new SulcusError(
      'MODEL_HAS_NO_FEATURES',
      `expected a model that gives features, received ${name}, a bundle from before they were; compile its checkpoint again`,
    );
  }
  if (!attention || graph.outputs.attention !== null) return;
  throw new SulcusError(
    'MODEL_HAS_NO_FEATURES',
    `expected a model that gives attention, received ${name}, which merges tokens or is from before; compile its ` +
      'checkpoint again without --merge-tokens',
  );
};

/** [heads, 1 + patches] by head; the grid is what the image and the patches make it. */
const toAttentionMap = (weights: Float32Array, { architecture, imageSize }: ModelManifest): AttentionMap => {
  const { heads, patchSize } = architecture;
  const tokens = weights.length / heads;
  const height = Math.floor(imageSize.height / patchSize);
  return {
    heads,
    grid: { height, width: (tokens - 1) / height },
    weights: Array.from({ length: heads }, (_, head) => [...weights.subarray(head * tokens, (head + 1) * tokens)]),
  };
};
