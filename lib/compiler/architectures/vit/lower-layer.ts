import type { GraphNode } from '../../onnx/graph';
import { type LinearNode, microsoft, type PendingNode } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { lowerMerging, lowerSizeBias } from './merge-tokens';
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

/** What token merging does to a layer, see merge-tokens.ts. */
export interface LayerMerging {
  /** Sizes of the tokens that come in; null while each is one patch. */
  readonly sizes: string | null;
  /** Pairs to merge in this layer. */
  readonly count: number;
}

/** One encoder layer over every token: attention and MLP, each with its residual. */
export const lowerLayer = (layer: LayerContext, hidden: string, merging: LayerMerging | null = null): PendingNode[] => {
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
    ...lowerAttention(layer, [q, k, v], merging?.sizes ?? null),
    ...lowerRest(layer, hidden, merging === null ? null : { ...merging, keys: k }),
  ];
};

const lowerAttention = (
  { config, prefix }: LayerContext,
  queriesKeysValues: readonly string[],
  sizes: string | null,
): GraphNode[] => {
  const bias = sizes === null ? [] : ['', '', `${prefix}.size_bias`];
  return [
    ...(sizes === null ? [] : lowerSizeBias(prefix, sizes)),
    // Inputs 3 to 5 are a bias, a padding mask, and what is added to the scores.
    microsoft('MultiHeadAttention', [...queriesKeysValues, ...bias], `${prefix}.context`, {
      num_heads: { int: config.heads },
    }),
  ];
};

/** From attention's context to the layer's output, with both residuals. */
export const lowerRest = (
  { config, prefix, read }: LayerContext,
  residual: string,
  merging: (LayerMerging & { readonly keys: string }) | null = null,
): PendingNode[] => {
  const [attended, whole, norm] = [`${prefix}.attended`, `${prefix}.middle`, `${prefix}.mlp_norm`];
  const middle = merging === null ? whole : `${prefix}.merged`;
  const readOut = async () => [(await read()).attentionOutput];
  return [
    linear(`${prefix}.attention_output`, `${prefix}.context`, attended, true, readOut),
    add(attended, residual, whole),
    ...(merging === null ? [] : lowerMerging({ config, prefix, tokens: whole, ...merging })),
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
