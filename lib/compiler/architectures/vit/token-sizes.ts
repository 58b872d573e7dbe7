import { type GraphNode, int64s } from '../../onnx/graph';

/**
 * Tokens that stand for several patches count as often in attention: the logarithm of a token's size is added to the
 * scores of its key, which is exact where the patches are alike (Bolya et al., https://arxiv.org/abs/2210.09461).
 */

export const reshape = (input: string, output: string, ...shape: readonly number[]): GraphNode => ({
  opType: 'Reshape',
  inputs: [input, `${output}.shape`],
  outputs: [output],
  constants: async () => ({ [`${output}.shape`]: int64s(...shape) }),
});

/** `sizes` [tokens, 1] -> `<prefix>.size_row` [1, 1, 1, tokens]: their logarithms. */
export const lowerSizeRow = (prefix: string, sizes: string): GraphNode[] => [
  { opType: 'Log', inputs: [sizes], outputs: [`${prefix}.log_sizes`] },
  reshape(`${prefix}.log_sizes`, `${prefix}.size_row`, 1, 1, 1, -1),
];

/** `sizes` [tokens, 1] -> `<prefix>.size_bias` [1, 1, tokens, tokens]: the logarithm of each key's size, for every query. */
export const lowerSizeBias = (prefix: string, sizes: string): GraphNode[] => {
  const [column, none] = [`${prefix}.size_column`, `${prefix}.no_bias`];
  return [
    ...lowerSizeRow(prefix, sizes),
    reshape(sizes, column, 1, 1, -1, 1),
    { opType: 'Sub', inputs: [column, column], outputs: [none] },
    { opType: 'Add', inputs: [none, `${prefix}.size_row`], outputs: [`${prefix}.size_bias`] },
  ];
};
