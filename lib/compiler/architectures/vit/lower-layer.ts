import type { GraphNode } from '../../onnx/graph';
import { type LinearNode, microsoft, type PendingNode } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { lowerMerging } from './merge-tokens';
import type { LayerNorm, VitLayer } from './vit-model';

export interface LayerContext {
  readonly config: VitConfig;
  /** Prefix of the layer's names; what the layer gives has the prefix as its name. */
  readonly prefix: string;
  read(): Promise<VitLayer>;
}

export const linear = (
  name: string,
  input: string,
  output: string,
  hasBias: boolean,
  read: LinearNode['read'],
  rest: Partial<Pick<LinearNode, 'role' | 'zeroPoint'>> = {},
): LinearNode => ({ kind: 'linear', name, input, output, role: 'hidden', zeroPoint: 0, hasBias, read, ...rest });

export const layerNorm = (
  config: VitConfig,
  name: string,
  input: string,
  read: () => Promise<LayerNorm>,
): GraphNode => ({
  opType: 'LayerNormalization',
  inputs: [input, `${name}.gamma`, `${name}.beta`],
  outputs: [name],
  attributes: { axis: { int: -1 }, epsilon: { float: config.layerNormEpsilon } },
  constants: async () => {
    const { gamma, beta } = await read();
    const dims = [config.hiddenSize];
    return { [`${name}.gamma`]: { dims, data: gamma }, [`${name}.beta`]: { dims, data: beta } };
  },
});

export const add = (a: string, b: string, output: string): GraphNode => ({
  opType: 'Add',
  inputs: [a, b],
  outputs: [output],
});

/** What the tokens of a layer stand for, see token-sizes.ts, and how many pairs of them it merges, see merge-tokens.ts. */
export interface LayerTokens {
  /** float32 [tokens, 1]: patches in each; null while each is one. */
  readonly sizes: string | null;
  /** float32 [1, 1, tokens, tokens]: what that adds to the scores. */
  readonly sizeBias: string | null;
  readonly mergeCount: number | null;
}

export const SINGLE_PATCHES: LayerTokens = { sizes: null, sizeBias: null, mergeCount: null };

/** One encoder layer over every token: attention and MLP, each with its residual. */
export const lowerLayer = (layer: LayerContext, hidden: string, tokens: LayerTokens): PendingNode[] => {
  const { config, prefix, read } = layer;
  const [q, k, v] = [`${prefix}.q`, `${prefix}.k`, `${prefix}.v`];
  const readPacked = async () => {
    const { query, key, value } = await read();
    return [query, key, value];
  };
  return [
    layerNorm(config, `${prefix}.attention_norm`, hidden, async () => (await read()).attentionNorm),
    linear(`${prefix}.qkv`, `${prefix}.attention_norm`, `${prefix}.qkv`, config.qkvBias, readPacked),
    { opType: 'Split', inputs: [`${prefix}.qkv`], outputs: [q, k, v], attributes: { axis: { int: -1 } } },
    attention(layer, [q, k, v], tokens.sizeBias),
    ...lowerRest(layer, hidden, { ...tokens, keys: k }),
  ];
};

/** Inputs 3 to 5 are a bias of the products, a padding mask, and what is added to the scores. */
const attention = (
  { config, prefix }: LayerContext,
  queriesKeysValues: readonly string[],
  sizeBias: string | null,
): GraphNode =>
  microsoft(
    'MultiHeadAttention',
    sizeBias === null ? queriesKeysValues : [...queriesKeysValues, '', '', sizeBias],
    `${prefix}.context`,
    { num_heads: { int: config.heads } },
  );

/** From attention's context to the layer's output, with both residuals. */
export const lowerRest = (
  { config, prefix, read }: LayerContext,
  residual: string,
  { sizes, mergeCount, keys = '' }: LayerTokens & { readonly keys?: string } = SINGLE_PATCHES,
): PendingNode[] => {
  const [attended, whole, norm] = [`${prefix}.attended`, `${prefix}.middle`, `${prefix}.mlp_norm`];
  const middle = mergeCount === null ? whole : `${prefix}.merged`;
  const readOut = async () => [(await read()).attentionOutput];
  return [
    linear(`${prefix}.attention_output`, `${prefix}.context`, attended, true, readOut),
    add(attended, residual, whole),
    ...(mergeCount === null ? [] : lowerMerging({ config, prefix, tokens: whole, keys, sizes, count: mergeCount })),
    layerNorm(config, norm, middle, async () => (await read()).mlpNorm),
    linear(`${prefix}.mlp_in`, norm, `${prefix}.mlp_in`, true, async () => [(await read()).mlpIn]),
    hiddenActivation(config, `${prefix}.mlp_in`, `${prefix}.mlp_act`),
    linear(`${prefix}.mlp_out`, `${prefix}.mlp_act`, `${prefix}.mlp_out`, true, async () => [(await read()).mlpOut]),
    add(`${prefix}.mlp_out`, middle, prefix),
  ];
};

const hiddenActivation = ({ hiddenActivation: opType }: VitConfig, input: string, output: string): GraphNode => {
  if (opType === 'Relu') return { opType, inputs: [input], outputs: [output] };
  // The sigmoid form, 1.702 as in https://github.com/hendrycks/GELUs
  return microsoft(opType, [input], output, opType === 'QuickGelu' ? { alpha: { float: 1.702 } } : {});
};
