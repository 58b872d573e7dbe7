import type { ImageProcessorConfig } from '../../../core/image-processor';
import type { GraphNode, GraphValue } from '../../onnx/graph';
import { int64s } from '../../onnx/graph';
import type { PendingNode } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { lowerLastLayer } from './lower-last-layer';
import { add, type LayerContext, layerNorm, linear, lowerLayer } from './lower-layer';
import { foldNormalisation, zeroPixel } from './patch-projection';
import { lowerBackgroundToken, lowerKeptPatches, spreadAttention } from './skip-background';
import { lowerSizeBias } from './token-sizes';
import type { VitModel } from './vit-model';

/** A graph whose linear layers are not yet a choice of operators. */
export interface LoweredGraph {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** In topological order. */
  readonly nodes: readonly PendingNode[];
}

export const INPUT_NAME = 'pixels';

/** Which tokens are computed. */
export interface TokenOptions {
  /** Make one token of all patches no brighter than this, see skip-background.ts. @default null: all are computed */
  readonly skipBackground?: number | null;
  /**
   * Pairs of tokens to merge in every layer but the last, see merge-tokens.ts; there is no `attention` then, since tokens
   * are no longer patches. @default null: none are merged
   */
  readonly mergeTokens?: number | null;
}

/** Names of the graph's outputs; null for what the model has not. */
export const outputNames = (
  { classifier, pooler }: Pick<VitModel, 'classifier' | 'pooler'>,
  { mergeTokens = null }: TokenOptions = {},
) => ({
  logits: classifier === null ? null : 'logits',
  features: 'features',
  pooled: pooler === null ? null : 'pooled',
  attention: mergeTokens === null ? 'attention' : null,
});

/**
 * The model as a graph: u8 NHWC `pixels` [1, height, width, 3] in, the image processor's rescaling and normalisation
 * folded into the patch projection. Out come, all float32 and of the CLS token alone, which is all that is computed of the
 * last layer: `logits` [1, labels] when there is a classifier, `features` [1, hidden] after the final layer norm, `pooled`
 * [1, poolerSize] when there is a pooler, `attention` [1, heads, 1, 1 + patches] of the last layer.
 */
export const lowerVit = (
  model: VitModel,
  processor: ImageProcessorConfig,
  { skipBackground = null, mergeTokens = null }: TokenOptions = {},
): LoweredGraph => {
  const { config } = model;
  const { logits, features, pooled, attention } = outputNames(model, { mergeTokens });
  const readLayer = keepLatest((index) => model.layer(index));
  const skips = skipBackground !== null;
  const nodes = [
    ...lowerPatches(config),
    ...(skips ? lowerKeptPatches(skipBackground) : []),
    ...lowerEmbeddings(model, processor, skips),
  ];
  const spreads = skips && attention !== null;
  const computed = attention === null || spreads ? 'token_attention' : attention;
  const mergeCount = config.layers > 1 ? mergeTokens : null;
  let sizes = skips ? 'embeddings.sizes' : null;
  let sizeBias: string | null = null;
  for (let index = 0; index < config.layers; index++) {
    const layer: LayerContext = { config, prefix: `layers.${index}`, read: () => readLayer(index) };
    const hidden = index === 0 ? 'embeddings' : `layers.${index - 1}`;
    if (index === config.layers - 1) {
      nodes.push(...lowerLastLayer(layer, hidden, computed, sizes));
      break;
    }
    // Once for all layers, unless each has sizes of its own.
    if (sizes !== null && (sizeBias === null || mergeCount !== null)) {
      nodes.push(...lowerSizeBias(hidden, sizes));
      sizeBias = `${hidden}.size_bias`;
    }
    nodes.push(...lowerLayer(layer, hidden, { sizes, sizeBias, mergeCount }));
    if (mergeCount !== null) sizes = `${layer.prefix}.sizes`;
  }
  const output = (name: string | null, ...dims: readonly number[]): GraphValue[] =>
    name === null ? [] : [{ name, type: 'float32', dims: [1, ...dims] }];
  return {
    inputs: [{ name: INPUT_NAME, type: 'uint8', dims: [1, config.imageSize.height, config.imageSize.width, 3] }],
    outputs: [
      ...output(logits, config.labels.length),
      ...output(features, config.hiddenSize),
      ...output(pooled, config.poolerSize),
      ...output(attention, config.heads, 1, 1 + config.grid.height * config.grid.width),
    ],
    nodes: [...nodes, ...(spreads ? spreadAttention(config, computed, attention) : []), ...lowerHeads(model)],
  };
};

/** A layer's parts are asked for one after the other: the latest is kept, and memory holds one. */
const keepLatest = <T>(read: (index: number) => Promise<T>): ((index: number) => Promise<T>) => {
  let latest: { readonly index: number; readonly value: Promise<T> } | undefined;
  return (index) => {
    if (latest?.index !== index) latest = { index, value: read(index) };
    return latest.value;
  };
};

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

const lowerEmbeddings = (model: VitModel, processor: ImageProcessorConfig, skips: boolean): PendingNode[] => {
  const { config } = model;
  const { hiddenSize, grid } = config;
  const patches = grid.height * grid.width;
  const readPositions = async () => {
    const { positions } = await model.embeddings();
    return { positions: { dims: [1, patches, hiddenSize], data: positions.subarray(hiddenSize) } };
  };
  const readProjection = async () => [foldNormalisation((await model.embeddings()).projection, config, processor)];
  return [
    linear('patch_projection', 'patches', 'projected', true, readProjection, {
      role: 'pixels',
      zeroPoint: zeroPixel(processor),
    }),
    { ...add('projected', 'positions', 'patch_tokens'), constants: readPositions },
    ...(skips ? lowerBackgroundToken(config) : []),
    {
      opType: 'Concat',
      inputs: skips ? ['cls_token', 'background_token', 'kept_tokens'] : ['cls_token', 'patch_tokens'],
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

/** What is made of the last layer's CLS row: features, and of them logits and what the pooler gives. */
const lowerHeads = (model: VitModel): PendingNode[] => {
  const { config, classifier, pooler } = model;
  const { logits, features, pooled } = outputNames(model);
  return [
    layerNorm(config, 'final_norm', `layers.${config.layers - 1}`, () => model.finalNorm()),
    {
      opType: 'Reshape',
      inputs: ['final_norm', 'features.shape'],
      outputs: [features],
      constants: async () => ({ 'features.shape': int64s(1, config.hiddenSize) }),
    },
    ...(classifier === null || logits === null
      ? []
      : [linear('classifier', features, logits, true, async () => [await classifier()], { role: 'head' })]),
    ...(pooler === null || pooled === null
      ? []
      : [
          linear('pooler', features, 'pooler', true, async () => [await pooler()], { role: 'head' }),
          { opType: 'Tanh', inputs: ['pooler'], outputs: [pooled] },
        ]),
  ];
};
