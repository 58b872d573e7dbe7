import type { GraphNode } from '../../onnx/graph';
import { int64s } from '../../onnx/graph';
import { microsoft, type PendingNode } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { type LayerContext, layerNorm, linear, lowerRest } from './lower-layer';
import { lowerSizeRow, reshape } from './token-sizes';
import type { Linear } from './vit-model';

/**
 * The last encoder layer, of which only the CLS token's row is read: [1, 1, hidden] out of [1, tokens, hidden].
 *
 * One query makes keys and values unnecessary. A head's scores are `q · (Wk x) = (Wkᵀ q) · x`, its context is
 * `Σ p (Wv x + b) = Wv (Σ p x) + b`, and the keys' bias adds the same to every score: two small products in float32 take
 * the place of two over every token, exact but for rounding. Against int8 keys and values with MultiHeadAttention
 * (paired medians): ViT-B 0.99 of the time with one thread and 0.97 with two, ViT-S 0.98, for 3.5 and 0.9 MB more weights.
 * @param sizes name of the tokens' sizes [tokens, 1] where not each is one patch (token-sizes.ts)
 * @param attention name of the output: softmax weights [1, heads, 1, tokens], the CLS token's own first. They are made on
 * the way, hence an output of this graph and not a second graph: not fetching them costs nothing, and fetching them
 * nothing that could be measured.
 */
export const lowerLastLayer = (
  layer: LayerContext,
  hidden: string,
  attention: string,
  sizes: string | null = null,
): PendingNode[] => {
  const { config, prefix, read } = layer;
  const norm = `${prefix}.attention_norm`;
  const query = async () => [(await read()).query];
  return [
    layerNorm(config, norm, hidden, async () => (await read()).attentionNorm),
    {
      ...firstToken(norm),
      constants: async () => ({ 'cls.starts': int64s(0), 'cls.ends': int64s(1), 'cls.axes': int64s(1) }),
    },
    linear(`${prefix}.query`, `${norm}.cls`, `${prefix}.q`, config.qkvBias, query),
    ...lowerScores(layer, norm, attention, sizes),
    ...lowerContext(layer, norm),
    firstToken(hidden),
    ...lowerRest(layer, `${hidden}.cls`),
  ];
};

const firstToken = (input: string): GraphNode => ({
  opType: 'Slice',
  inputs: [input, 'cls.starts', 'cls.ends', 'cls.axes'],
  outputs: [`${input}.cls`],
});

const headSize = ({ hiddenSize, heads }: VitConfig): number => hiddenSize / heads;

/** `q` [1, 1, hidden] and the tokens -> `attention` [1, heads, 1, tokens] and the same as `weights` [1, heads, tokens]. */
const lowerScores = (
  { config, prefix, read }: LayerContext,
  tokens: string,
  attention: string,
  sizes: string | null,
): GraphNode[] => {
  const { heads, hiddenSize } = config;
  const perHead = { dims: [heads, headSize(config), hiddenSize] };
  return [
    reshape(`${prefix}.q`, `${prefix}.head_queries`, heads, 1, headSize(config)),
    {
      opType: 'MatMul',
      inputs: [`${prefix}.head_queries`, `${prefix}.key.weight`],
      outputs: [`${prefix}.token_queries`],
      // PyTorch's rows of a head lie together, [head, row, input], and multiply from the left as they are.
      constants: async () => ({ [`${prefix}.key.weight`]: { ...perHead, data: (await read()).key.weight } }),
    },
    reshape(`${prefix}.token_queries`, `${prefix}.head_rows`, 1, heads, hiddenSize),
    microsoft('FusedMatMul', [`${prefix}.head_rows`, tokens], `${prefix}.scores`, {
      transB: { int: 1 },
      alpha: { float: 1 / Math.sqrt(headSize(config)) },
    }),
    ...(sizes === null ? [] : lowerSizedScores(prefix, sizes)),
    {
      opType: 'Softmax',
      inputs: [sizes === null ? `${prefix}.scores` : `${prefix}.sized_scores`],
      outputs: [`${prefix}.weights`],
      attributes: { axis: { int: -1 } },
    },
    reshape(`${prefix}.weights`, attention, 1, heads, 1, -1),
  ];
};

const lowerSizedScores = (prefix: string, sizes: string): GraphNode[] => [
  ...lowerSizeRow(prefix, sizes),
  reshape(`${prefix}.size_row`, `${prefix}.score_bias`, 1, 1, -1),
  { opType: 'Add', inputs: [`${prefix}.scores`, `${prefix}.score_bias`], outputs: [`${prefix}.sized_scores`] },
];

/** The weighted mean of the tokens per head, through the head's values: `context` [1, 1, hidden]. */
const lowerContext = ({ config, prefix, read }: LayerContext, tokens: string): GraphNode[] => {
  const { heads, hiddenSize, qkvBias } = config;
  const [joined, context] = [`${prefix}.head_contexts`, `${prefix}.context`];
  return [
    { opType: 'MatMul', inputs: [`${prefix}.weights`, tokens], outputs: [`${prefix}.means`] },
    reshape(`${prefix}.means`, `${prefix}.head_means`, heads, 1, hiddenSize),
    {
      opType: 'MatMul',
      inputs: [`${prefix}.head_means`, `${prefix}.value.weight`],
      outputs: [joined],
      constants: async () => ({
        [`${prefix}.value.weight`]: {
          dims: [heads, hiddenSize, headSize(config)],
          data: transposeHeads((await read()).value, heads),
        },
      }),
    },
    reshape(joined, qkvBias ? `${prefix}.unbiased` : context, 1, 1, hiddenSize),
    ...(qkvBias
      ? [addBias(`${prefix}.unbiased`, `${prefix}.value.bias`, context, async () => (await read()).value)]
      : []),
  ];
};

const addBias = (input: string, name: string, output: string, read: () => Promise<Linear>): GraphNode => ({
  opType: 'Add',
  inputs: [input, name],
  outputs: [output],
  constants: async () => {
    const { bias, outSize } = await read();
    return { [name]: { dims: [outSize], data: bias ?? new Float32Array(outSize) } };
  },
});

/** [head, row, input] -> [head, input, row]. */
const transposeHeads = ({ weight, inSize, outSize }: Linear, heads: number): Float32Array => {
  const rows = outSize / heads;
  const transposed = new Float32Array(weight.length);
  for (let head = 0, index = 0; head < heads; head++) {
    for (let column = 0; column < inSize; column++) {
      for (let row = 0; row < rows; row++, index++) {
        transposed[index] = weight[(head * rows + row) * inSize + column] as number;
      }
    }
  }
  return transposed;
};
