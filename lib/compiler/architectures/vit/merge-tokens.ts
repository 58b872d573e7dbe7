import { type GraphNode, int64s } from '../../onnx/graph';
import { microsoft } from '../../onnx/linear-node';
import type { VitConfig } from './config';
import { reshape } from './token-sizes';

/**
 * Token merging (Bolya et al., https://arxiv.org/abs/2210.09461): between a layer's attention and its MLP the tokens stand
 * in two groups by turns, each of the first finds the one of the second whose keys are most like its own, and the `count`
 * pairs most alike become their mean, weighted by how many patches each stands for, and count as often in attention
 * (token-sizes.ts). The CLS token is of the first group and never merged.
 */
export interface Merging {
  readonly config: VitConfig;
  /** Prefix of the layer's names. */
  readonly prefix: string;
  /** float32 [1, tokens, hidden] before the merge. */
  readonly tokens: string;
  /** float32 [1, tokens, hidden]: the layer's keys of all heads. */
  readonly keys: string;
  /** float32 [tokens, 1]: patches in each; null while each is one. */
  readonly sizes: string | null;
  /** Pairs to merge; where there are fewer tokens in the first group, all of them but the CLS token. */
  readonly count: number;
}

const END = Number.MAX_SAFE_INTEGER;

const node = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes?: GraphNode['attributes'],
): GraphNode => ({ opType, inputs, outputs: [output], attributes });

/** Every second row of `input`, from the first or the second. */
const everySecond = (input: string, output: string, start: 0 | 1): GraphNode => ({
  ...node('Slice', [input, `${output}.start`, `${output}.end`, `${output}.axis`, `${output}.step`], output),
  constants: async () => ({
    [`${output}.start`]: int64s(start),
    [`${output}.end`]: int64s(END),
    [`${output}.axis`]: int64s(0),
    [`${output}.step`]: int64s(2),
  }),
});

/**
 * @returns nodes that give `<prefix>.merged` [1, fewer tokens, hidden] and `<prefix>.sizes` [fewer tokens, 1]
 */
export const lowerMerging = (merging: Merging): GraphNode[] => [
  ...lowerLikeness(merging),
  ...lowerChoice(merging),
  ...lowerMeans(merging),
];

/** `likeness` [first group] of each token's best partner in the second group, and `partner`, its row there. */
const lowerLikeness = ({ config, prefix, keys }: Merging): GraphNode[] => {
  const at = (name: string): string => `${prefix}.merge.${name}`;
  return [
    reshape(keys, at('head_keys'), -1, config.heads, config.hiddenSize / config.heads),
    node('ReduceMean', [at('head_keys')], at('mean_keys'), { axes: { ints: [1] }, keepdims: { int: 0 } }),
    node('ReduceL2', [at('mean_keys')], at('key_norms'), { axes: { ints: [1] }, keepdims: { int: 1 } }),
    {
      // Keys of zeros are like no others, instead of NaN.
      ...node('Max', [at('key_norms'), at('least_norm')], at('divisors')),
      constants: async () => ({ [at('least_norm')]: { dims: [1, 1], data: Float32Array.of(1e-12) } }),
    },
    node('Div', [at('mean_keys'), at('divisors')], at('directions')),
    everySecond(at('directions'), at('first'), 0),
    everySecond(at('directions'), at('second'), 1),
    microsoft('FusedMatMul', [at('first'), at('second')], at('cosines'), { transB: { int: 1 } }),
    node('ReduceMax', [at('cosines')], at('likeness'), { axes: { ints: [1] }, keepdims: { int: 0 } }),
    node('ArgMax', [at('cosines')], at('partner'), { axis: { int: 1 }, keepdims: { int: 0 } }),
  ];
};

/** `moved` [count], rows of the first group that join their partners, and `kept`, the others, ascending. */
const lowerChoice = ({ prefix, count }: Merging): GraphNode[] => {
  const at = (name: string): string => `${prefix}.merge.${name}`;
  return [
    {
      ...node('Slice', [at('likeness'), at('one'), at('end')], at('candidates')),
      constants: async () => ({ [at('one')]: int64s(1), [at('end')]: int64s(END) }),
    },
    node('Shape', [at('candidates')], at('available')),
    {
      ...node('Min', [at('available'), at('wanted')], at('count')),
      constants: async () => ({ [at('wanted')]: int64s(count) }),
    },
    {
      opType: 'TopK',
      inputs: [at('candidates'), at('count')],
      outputs: [at('best'), at('best_rows')],
      attributes: { axis: { int: 0 } },
    },
    node('Add', [at('best_rows'), at('one')], at('moved')),
    node('Shape', [at('likeness')], at('group_size')),
    {
      ...node('Expand', [at('flag'), at('group_size')], at('all_flags')),
      constants: async () => ({ [at('flag')]: int64s(1) }),
    },
    node('Sub', [at('moved'), at('moved')], at('cleared')),
    node('ScatterElements', [at('all_flags'), at('moved'), at('cleared')], at('kept_flags'), { axis: { int: 0 } }),
    node('NonZero', [at('kept_flags')], at('kept_row')),
    reshape(at('kept_row'), at('kept'), -1),
    node('Gather', [at('partner'), at('moved')], at('partners')),
    reshape(at('partners'), at('places'), -1, 1),
  ];
};

const lowerMeans = ({ config, prefix, tokens, sizes }: Merging): GraphNode[] => {
  const at = (name: string): string => `${prefix}.merge.${name}`;
  const [rows, ones] = [at('rows'), at('ones')];
  return [
    reshape(tokens, rows, -1, config.hiddenSize),
    ...(sizes === null ? lowerOnes(rows, ones) : []),
    ...(sizes === null ? [] : [node('Mul', [rows, sizes], at('sums'))]),
    ...lowerSums(prefix, sizes === null ? rows : at('sums'), 'sum'),
    ...lowerSums(prefix, sizes ?? ones, 'size'),
    node('Identity', [at('size.joined')], `${prefix}.sizes`),
    node('Div', [at('sum.joined'), `${prefix}.sizes`], at('means')),
    reshape(at('means'), `${prefix}.merged`, 1, -1, config.hiddenSize),
  ];
};

/** [rows, columns] -> ones [rows, 1] */
const lowerOnes = (rows: string, output: string): GraphNode[] => [
  {
    ...node('Slice', [rows, `${output}.start`, `${output}.end`, `${output}.axis`], `${output}.column`),
    constants: async () => ({
      [`${output}.start`]: int64s(0),
      [`${output}.end`]: int64s(1),
      [`${output}.axis`]: int64s(1),
    }),
  },
  node('Shape', [`${output}.column`], `${output}.shape`),
  {
    ...node('Expand', [`${output}.one`, `${output}.shape`], output),
    constants: async () => ({ [`${output}.one`]: { dims: [1, 1], data: Float32Array.of(1) } }),
  },
];

/** The rows of the first group that stay, then those of the second with what joins them added. */
const lowerSums = (prefix: string, input: string, name: string): GraphNode[] => {
  const at = (part: string): string => `${prefix}.merge.${part}`;
  const own = (part: string): string => at(`${name}.${part}`);
  return [
    everySecond(input, own('first'), 0),
    everySecond(input, own('second'), 1),
    node('Gather', [own('first'), at('kept')], own('kept')),
    node('Gather', [own('first'), at('moved')], own('moved')),
    node('ScatterND', [own('second'), at('places'), own('moved')], own('added'), { reduction: { string: 'add' } }),
    node('Concat', [own('kept'), own('added')], own('joined'), { axis: { int: 0 } }),
  ];
};
