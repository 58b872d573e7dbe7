import type { ImageProcessorConfig } from '../../../core/image-processor';
import type { GraphNode, GraphValue } from '../../onnx/graph';
import { int64s } from '../../onnx/graph';
import { type LinearNode, microsoft, type PendingNode } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { foldNormalisation, zeroPixel } from './patch-projection';
import type { LayerNorm, VitLayer, VitModel } from './vit-model';

/** A graph whose linear layers are not yet a choice of operators. */
export interface LoweredGraph {
  readonly input: GraphValue;
  readonly output: GraphValue;
  /** In topological order. */
  readonly nodes: readonly PendingNode[];
}

export const INPUT_NAME = 'pixels';
export const OUTPUT_NAME = 'logits';

/**
 * The model as a graph: u8 NHWC `pixels` [1, height, width, 3] in, float32 `logits` [1, labels] out, the image
 * processor's rescaling and normalisation folded into the patch projection. Of the last layer only what the classifier
 * reads, the CLS token's row, is computed past its keys and values; that changes no logit.
 */
export const lowerVit = (model: VitModel, processor: ImageProcessorConfig): LoweredGraph => {
  const { config } = model;
  const readLayer = keepLatest((index) => model.layer(index));
  const nodes = [...lowerPatches(config), ...lowerEmbeddings(model, processor)];
  for (let index = 0; index < config.layers; index++) {
    const layer: LayerContext = { config, prefix: `layers.${index}`, read: () => readLayer(index) };
    const hidden = index === 0 ? 'embeddings' : `layers.${index - 1}`;
    nodes.push(...(index === config.layers - 1 ? lowerLastLayer(layer, hidden) : lowerLayer(layer, hidden)));
  }
  nodes.push(
    layerNorm(config, 'final_norm', `layers.${config.layers - 1}`, () => model.finalNorm()),
    {
      opType: 'Reshape',
      inputs: ['final_norm', 'features.shape'],
      outputs: ['features'],
      constants: async () => ({ 'features.shape': int64s(1, config.hiddenSize) }),
    },
    linear('classifier', 'features', OUTPUT_NAME, true, async () => [await model.classifier()], { role: 'head' }),
  );
  return {
    input: { name: INPUT_NAME, type: 'uint8', dims: [1, config.imageSize.height, config.imageSize.width, 3] },
    output: { name: OUTPUT_NAME, type: 'float32', dims: [1, config.labels.length] },
    nodes,
  };
};

interface LayerContext {
  readonly config: VitConfig;
  /** Prefix of the layer's names; what the layer gives has the prefix as its name. */
  readonly prefix: string;
  read(): Promise<VitLayer>;
}

/** A layer's parts are asked for one after the other: the latest is kept, and memory holds one. */
const keepLatest = <T>(read: (index: number) => Promise<T>): ((index: number) => Promise<T>) => {
  let latest: { readonly index: number; readonly value: Promise<T> } | undefined;
  return (index) => {
    if (latest?.index !== index) latest = { index, value: read(index) };
    return latest.value;
  };
};

const linear = (
  name: string,
  input: string,
  output: string,
  hasBias: boolean,
  read: LinearNode['read'],
  rest: Partial<Pick<LinearNode, 'role' | 'zeroPoint'>> = {},
): LinearNode => ({ kind: 'linear', name, input, output, role: 'hidden', zeroPoint: 0, hasBias, read, ...rest });

const layerNorm = (config: VitConfig, name: string, input: string, read: () => Promise<LayerNorm>): GraphNode => ({
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

const add = (a: string, b: string, output: string): GraphNode => ({ opType: 'Add', inputs: [a, b], outputs: [output] });

/** u8 image -> u8 `patches` [1, patches, y * x * channel]; what is left of the last patch is cropped. */
const lowerPatches = ({ imageSize, patchSize, grid }: VitConfig): GraphNode[] => {
  const cropped = { height: grid.height * patchSize.height, width: grid.width * patchSize.width };
  const isExact = cropped.height === imageSize.height && cropped.width === imageSize.width;
  const crop: GraphNode = {
    opType: 'Slice',
    inputs: [INPUT_NAME, 'crop.starts', 'crop.ends', 'crop.axes'],
    outputs: ['cropped'],
    constants: async () => ({
      'crop.starts': int64s(0, 0),
      'crop.ends': int64s(cropped.height, cropped.width),
      'crop.axes': int64s(1, 2),
    }),
  };
  return [
    ...(isExact ? [] : [crop]),
    {
      opType: 'Reshape',
      inputs: [isExact ? INPUT_NAME : 'cropped', 'tiles.shape'],
      outputs: ['tiles'],
      constants: async () => ({
        'tiles.shape': int64s(grid.height, patchSize.height, grid.width, patchSize.width * 3),
      }),
    },
    { opType: 'Transpose', inputs: ['tiles'], outputs: ['patch_grid'], attributes: { perm: { ints: [0, 2, 1, 3] } } },
    {
      opType: 'Reshape',
      inputs: ['patch_grid', 'patches.shape'],
      outputs: ['patches'],
      constants: async () => ({
        'patches.shape': int64s(1, grid.height * grid.width, patchSize.height * patchSize.width * 3),
      }),
    },
  ];
};

const lowerEmbeddings = (model: VitModel, processor: ImageProcessorConfig): PendingNode[] => {
  const { config } = model;
  const { hiddenSize, grid } = config;
  const patches = grid.height * grid.width;
  const readProjection = async () => [foldNormalisation((await model.embeddings()).projection, config, processor)];
  return [
    linear('patch_projection', 'patches', 'projected', true, readProjection, {
      role: 'pixels',
      zeroPoint: zeroPixel(processor),
    }),
    {
      ...add('projected', 'positions', 'patch_tokens'),
      constants: async () => {
        const { positions } = await model.embeddings();
        return { positions: { dims: [1, patches, hiddenSize], data: positions.subarray(hiddenSize) } };
      },
    },
    {
      opType: 'Concat',
      inputs: ['cls_token', 'patch_tokens'],
      outputs: ['embeddings'],
      attributes: { axis: { int: 1 } },
      constants: async () => {
        const { clsToken, positions } = await model.embeddings();
        const data = clsToken.map((value, channel) => value + (positions[channel] as number));
        return { cls_token: { dims: [1, 1, hiddenSize], data } };
      },
    },
  ];
};

const lowerLayer = (layer: LayerContext, hidden: string): PendingNode[] => {
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
    attention(layer, q, k, v),
    ...lowerRest(layer, hidden),
  ];
};

/** Keys and values of every token, the query and everything after it of the CLS token alone. */
const lowerLastLayer = (layer: LayerContext, hidden: string): PendingNode[] => {
  const { config, prefix, read } = layer;
  const norm = `${prefix}.attention_norm`;
  const [q, k, v] = [`${prefix}.q`, `${prefix}.k`, `${prefix}.v`];
  const readPacked = async () => {
    const { key, value } = await read();
    return [key, value];
  };
  const firstToken = (input: string, output: string): GraphNode => ({
    opType: 'Slice',
    inputs: [input, 'cls.starts', 'cls.ends', 'cls.axes'],
    outputs: [output],
  });
  return [
    layerNorm(config, norm, hidden, async () => (await read()).attentionNorm),
    linear(`${prefix}.kv`, norm, `${prefix}.kv`, config.qkvBias, readPacked),
    { opType: 'Split', inputs: [`${prefix}.kv`], outputs: [k, v], attributes: { axis: { int: -1 } } },
    {
      ...firstToken(norm, `${norm}.cls`),
      constants: async () => ({ 'cls.starts': int64s(0), 'cls.ends': int64s(1), 'cls.axes': int64s(1) }),
    },
    linear(`${prefix}.query`, `${norm}.cls`, q, config.qkvBias, async () => [(await read()).query]),
    attention(layer, q, k, v),
    firstToken(hidden, `${hidden}.cls`),
    ...lowerRest(layer, `${hidden}.cls`),
  ];
};

const attention = ({ config, prefix }: LayerContext, q: string, k: string, v: string): GraphNode =>
  microsoft('MultiHeadAttention', [q, k, v], `${prefix}.context`, { num_heads: { int: config.heads } });

/** From attention's context to the layer's output, with both residuals. */
const lowerRest = ({ config, prefix, read }: LayerContext, residual: string): PendingNode[] => {
  const [attended, middle, norm] = [`${prefix}.attended`, `${prefix}.middle`, `${prefix}.mlp_norm`];
  const readOut = async () => [(await read()).attentionOutput];
  return [
    linear(`${prefix}.attention_output`, `${prefix}.context`, attended, true, readOut),
    add(attended, residual, middle),
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
