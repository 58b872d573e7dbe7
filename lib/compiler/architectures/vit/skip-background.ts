import { type GraphNode, int64s } from '../../onnx/graph';
import type { VitConfig } from './config';

/**
 * Patches that hold nothing but background are left out before the first product, so that the sequence is as long as the
 * scan is large: in every layer the time goes down with it. The tokens that stay keep their own positions. What the model
 * would have made of the others is lost; how much that is, the compiler's verification against the whole fp32 graph says.
 *
 * The brightest patch stays always, so that an image of background alone (all of it as bright) is run whole.
 * @param level grey levels 0..254 of the session's u8 pixels: a patch is background when no channel of it is brighter
 * @returns u8 `patches` [1, patches, values] -> `patches.kept` [1, kept, values] and int64 `kept` [kept], ascending
 */
export const lowerKeptPatches = (level: number): GraphNode[] => [
  {
    opType: 'ReduceMax',
    inputs: ['patches'],
    outputs: ['patches.brightest'],
    attributes: { axes: { ints: [0, 2] }, keepdims: { int: 0 } },
  },
  { opType: 'Cast', inputs: ['patches.brightest'], outputs: ['brightness'], attributes: { to: { int: 1 } } },
  {
    opType: 'ReduceMax',
    inputs: ['brightness'],
    outputs: ['brightness.largest'],
    attributes: { axes: { ints: [0] }, keepdims: { int: 1 } },
  },
  // Levels are whole numbers: half of one below the largest lets the brightest pass, and it alone.
  {
    opType: 'Sub',
    inputs: ['brightness.largest', 'half_level'],
    outputs: ['brightness.below_largest'],
    constants: async () => ({ half_level: { dims: [1], data: Float32Array.of(0.5) } }),
  },
  {
    opType: 'Min',
    inputs: ['brightness.below_largest', 'background_level'],
    outputs: ['brightness.limit'],
    constants: async () => ({ background_level: { dims: [1], data: Float32Array.of(level) } }),
  },
  { opType: 'Greater', inputs: ['brightness', 'brightness.limit'], outputs: ['is_kept'] },
  { opType: 'NonZero', inputs: ['is_kept'], outputs: ['kept.row'] },
  {
    opType: 'Reshape',
    inputs: ['kept.row', 'kept.shape'],
    outputs: ['kept'],
    constants: async () => ({ 'kept.shape': int64s(-1) }),
  },
  gather('patches', 'patches.kept'),
];

/** The rows of `input` [1, patches, ...] that are kept. */
export const gather = (input: string, output: string): GraphNode => ({
  opType: 'Gather',
  inputs: [input, 'kept'],
  outputs: [output],
  attributes: { axis: { int: 1 } },
});

/** `kept` [1, heads, 1, 1 + kept] -> `output` [1, heads, 1, 1 + patches]: no attention for what was left out. */
export const spreadAttention = ({ heads, grid }: VitConfig, input: string, output: string): GraphNode[] => {
  const tokens = 1 + grid.height * grid.width;
  return [
    {
      opType: 'Add',
      inputs: ['kept', 'kept.one'],
      outputs: ['kept.patch_tokens'],
      constants: async () => ({ 'kept.one': int64s(1) }),
    },
    {
      opType: 'Concat',
      inputs: ['kept.cls_token', 'kept.patch_tokens'],
      outputs: ['kept.tokens'],
      attributes: { axis: { int: 0 } },
      constants: async () => ({ 'kept.cls_token': int64s(0) }),
    },
    { opType: 'Shape', inputs: [input], outputs: [`${input}.sizes`] },
    { opType: 'Expand', inputs: ['kept.tokens', `${input}.sizes`], outputs: [`${input}.places`] },
    {
      opType: 'ScatterElements',
      inputs: [`${output}.none`, `${input}.places`, input],
      outputs: [output],
      attributes: { axis: { int: 3 } },
      constants: async () => ({
        [`${output}.none`]: { dims: [1, heads, 1, tokens], data: new Float32Array(heads * tokens) },
      }),
    },
  ];
};
