/**
 * Where each weight is, by every name transformers has given it: the classic ones, which the Hub's files have and which
 * transformers 5 still writes, and those of its modules since 5.0 (conversion_mapping.py, "ViTModel").
 */
const layerNames = {
  attentionNorm: ['layernorm_before'],
  query: ['attention.attention.query', 'attention.q_proj'],
  key: ['attention.attention.key', 'attention.k_proj'],
  value: ['attention.attention.value', 'attention.v_proj'],
  attentionOutput: ['attention.output.dense', 'attention.o_proj'],
  mlpNorm: ['layernorm_after'],
  mlpIn: ['intermediate.dense', 'mlp.fc1'],
  mlpOut: ['output.dense', 'mlp.fc2'],
} as const;

const modelNames = {
  clsToken: ['embeddings.cls_token'],
  positions: ['embeddings.position_embeddings'],
  projection: ['embeddings.patch_embeddings.projection'],
  finalNorm: ['layernorm'],
  pooler: ['pooler.dense'],
} as const;

export type LayerPart = keyof typeof layerNames;
export type ModelPart = keyof typeof modelNames;

/** Outside the base model, so without its prefix. */
export const CLASSIFIER_NAMES: readonly string[] = ['classifier'];

/** What stands before the names of the base model: nothing in a file that was saved from a bare ViTModel. */
export type BasePrefix = 'vit.' | '';

export const basePrefixOf = (names: Iterable<string>): BasePrefix => {
  const all = [...names];
  return all.some((name) => name.startsWith('embeddings.')) && !all.some((name) => name.startsWith('vit.'))
    ? ''
    : 'vit.';
};

/** Candidates for a part of layer `index`, without `.weight` or `.bias`; the first that the file has is meant. */
export const layerPartNames = (prefix: BasePrefix, part: LayerPart, index: number): readonly string[] =>
  ['encoder.layer', 'layers'].flatMap((folder) =>
    layerNames[part].map((name) => `${prefix}${folder}.${index}.${name}`),
  );

/** Candidates for a part outside the layers. */
export const modelPartNames = (prefix: BasePrefix, part: ModelPart): readonly string[] =>
  modelNames[part].map((name) => `${prefix}${name}`);
