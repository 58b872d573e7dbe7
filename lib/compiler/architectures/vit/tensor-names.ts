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
  clsToken: ['vit.embeddings.cls_token'],
  positions: ['vit.embeddings.position_embeddings'],
  projection: ['vit.embeddings.patch_embeddings.projection'],
  finalNorm: ['vit.layernorm'],
  classifier: ['classifier'],
} as const;

export type LayerPart = keyof typeof layerNames;
export type ModelPart = keyof typeof modelNames;

/** Candidates for a part of layer `index`, without `.weight` or `.bias`; the first that the file has is meant. */
export const layerPartNames = (part: LayerPart, index: number): readonly string[] =>
  ['vit.encoder.layer', 'vit.layers'].flatMap((prefix) => layerNames[part].map((name) => `${prefix}.${index}.${name}`));

/** Candidates for a part outside the layers. */
export const modelPartNames = (part: ModelPart): readonly string[] => modelNames[part];
