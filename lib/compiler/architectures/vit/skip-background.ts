import { type GraphNode, int64s } from '../../onnx/graph';
import type { VitConfig } from './config';
import { reshape } from './token-sizes';

/**
 * Patches that hold nothing but background become one token, so that the sequence is as long as the scan is large: in
 * every layer the time goes down with it. That token is the mean of theirs, positions included, and counts in attention as
 * often as there are of them (token-sizes.ts). What is lost is that each knew its place; how much that is, the compiler's
 * verification against the whole fp32 graph says.
 *
 * The brightest patch is never background, so that an image of one grey level is run whole.
 */

const node = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes?: GraphNode['attributes'],
): GraphNode => ({ opType, inputs, outputs: [output], attributes });

/**
 * @param level grey levels 0..254 of the session's u8 pixels: a patch is background when no channel of it is brighter
 * @returns u8 `patches` [1, patches, values] -> bool `is_kept` [patches] and int64 `kept` [kept], ascending
 */
export const lowerKeptPatches = (level: number): GraphNode[] => [
  node('ReduceMax', ['patches'], 'patches.brightest', { axes: { ints: [0, 2] }, keepdims: { int: 0 } }),
  node('Cast', ['patches.brightest'], 'brightness', { to: { int: 1 } }),
  node('ReduceMax', ['brightness'], 'brightness.largest', { axes: { ints: [0] }, keepdims: { int: 1 } }),
  // Levels are whole numbers: half of one below the largest lets the brightest pass, and it alone.
  {
    ...node('Sub', ['brightness.largest', 'half_level'], 'brightness.below_largest'),
    constants: async () => ({ half_level: { dims: [1], data: Float32Array.of(0.5) } }),
  },
  {
    ...node('Min', ['brightness.below_largest', 'background_level'], 'brightness.limit'),
    constants: async () => ({ background_level: { dims: [1], data: Float32Array.of(level) } }),
  },
  node('Greater', ['brightness', 'brightness.limit'], 'is_kept'),
  node('NonZero', ['is_kept'], 'kept.row'),
  reshape('kept.row', 'kept', -1),
];

/** Without background its token has next to no size instead of none: no logarithm of zero, no mean of nothing. */
const LEAST_SIZE = 1e-6;

/**
 * `patch_tokens` [1, patches, hidden] -> `background_token` [1, 1, hidden], `kept_tokens` [1, kept, hidden] and
 * `embeddings.sizes` [2 + kept, 1], those of the CLS token, of the background and of the patches.
 */
export const lowerBackgroundToken = ({ grid }: VitConfig): GraphNode[] => {
  const patches = grid.height * grid.width;
  return [
    node('Not', ['is_kept'], 'is_background'),
    node('Cast', ['is_background'], 'background', { to: { int: 1 } }),
    reshape('background', 'background.row', 1, 1, patches),
    node('MatMul', ['background.row', 'patch_tokens'], 'background.sum'),
    node('ReduceSum', ['background.row'], 'background.count', { keepdims: { int: 1 } }),
    {
      ...node('Max', ['background.count', 'background.least'], 'background.size'),
      constants: async () => ({ 'background.least': { dims: [1, 1, 1], data: Float32Array.of(LEAST_SIZE) } }),
    },
    node('Div', ['background.sum', 'background.size'], 'background_token'),
    node('Gather', ['patch_tokens', 'kept'], 'kept_tokens', { axis: { int: 1 } }),
    {
      ...node('Gather', ['patch_sizes', 'kept'], 'kept.sizes', { axis: { int: 0 } }),
      constants: async () => ({ patch_sizes: { dims: [patches, 1], data: new Float32Array(patches).fill(1) } }),
    },
    reshape('background.size', 'background.sizes', 1, 1),
    {
      ...node('Concat', ['cls_size', 'background.sizes', 'kept.sizes'], 'embeddings.sizes', { axis: { int: 0 } }),
      constants: async () => ({ cls_size: { dims: [1, 1], data: Float32Array.of(1) } }),
    },
  ];
};

/**
 * `tokens` [1, heads, 1, 2 + kept] -> `output` [1, heads, 1, 1 + patches]: what the background's token gets is shared by
 * its patches.
 */
export const spreadAttention = ({ grid }: VitConfig, tokens: string, output: string): GraphNode[] => {
  const patches = grid.height * grid.width;
  const at = (name: string): string => `${output}.${name}`;
  return [
    slice(tokens, at('cls'), 0, 1),
    slice(tokens, at('background'), 1, 2),
    slice(tokens, at('kept'), 2, Number.MAX_SAFE_INTEGER),
    node('Div', [at('background'), 'background.size'], at('share')),
    reshape('background', at('mask'), 1, 1, 1, patches),
    node('Mul', [at('share'), at('mask')], at('shares')),
    node('Shape', [at('kept')], at('kept_sizes')),
    node('Expand', ['kept', at('kept_sizes')], at('places')),
    node('ScatterElements', [at('shares'), at('places'), at('kept')], at('patches'), { axis: { int: 3 } }),
    node('Concat', [at('cls'), at('patches')], output, { axis: { int: 3 } }),
  ];
};

const slice = (input: string, output: string, start: number, end: number): GraphNode => ({
  ...node('Slice', [input, `${output}.start`, `${output}.end`, `${output}.axis`], output),
  constants: async () => ({
    [`${output}.start`]: int64s(start),
    [`${output}.end`]: int64s(end),
    [`${output}.axis`]: int64s(3),
  }),
});
