import type { LoweredGraph } from '../architectures/vit/lower-vit';
import type { Linear } from '../architectures/vit/vit-model';
import type { ConstantTensor, Graph, GraphNode } from '../onnx/graph';
import { type LinearNode, microsoft, type PendingNode } from '../onnx/linear-node';
import { LARGEST_PAIR } from './pair-bound';
import { concatBiases, type QuantizedWeight, quantizeLinear } from './quantize-linear';
import { floatLinear } from './to-float-graph';

/**
 * Linear layers as integer products: hidden activations are quantized to u8 per tensor as they come
 * (DynamicQuantizeMatMul), pixels are u8 already (MatMulIntegerToFloat), the head stays float.
 * @param largestPair see `quantizeLinear`; above LARGEST_PAIR, x64 CPUs without VNNI saturate
 */
export const toQuantizedGraph = ({ inputs, outputs, nodes }: LoweredGraph, largestPair = LARGEST_PAIR): Graph => ({
  inputs,
  outputs,
  nodes: nodes.flatMap((node) => expandNode(node, largestPair)),
});

const expandNode = (node: PendingNode, largestPair: number): GraphNode[] => {
  if (!('kind' in node)) return [node];
  if (node.role === 'head') return floatLinear(node);
  return [node.role === 'pixels' ? pixelLinear(node, largestPair) : hiddenLinear(node, largestPair)];
};

const hiddenLinear = ({ name, input, output, hasBias, read }: LinearNode, largestPair: number): GraphNode => ({
  ...microsoft(
    'DynamicQuantizeMatMul',
    [input, `${name}.weight`, `${name}.scale`, '', hasBias ? `${name}.bias` : ''],
    output,
  ),
  constants: async () => {
    const parts = await read();
    return quantizedConstants(name, quantizeLinear(parts, largestPair), concatBiases(parts));
  },
});

const pixelLinear = ({ name, input, output, zeroPoint, read }: LinearNode, largestPair: number): GraphNode => {
  const [pixelScale, pixelZero] = [`${name}.pixel_scale`, `${name}.pixel_zero`];
  return {
    ...microsoft(
      'MatMulIntegerToFloat',
      [input, `${name}.weight`, pixelScale, `${name}.scale`, pixelZero, '', `${name}.bias`],
      output,
    ),
    constants: async () => {
      const parts = await read();
      return {
        ...quantizedConstants(name, quantizeLinear(parts, largestPair), biasAtZeroPoint(parts, zeroPoint)),
        [pixelScale]: { dims: [], data: Float32Array.of(1) },
        [pixelZero]: { dims: [], data: Uint8Array.of(zeroPoint) },
      };
    },
  };
};

const quantizedConstants = (
  name: string,
  { values, scales }: QuantizedWeight,
  bias: Float32Array | null,
): Record<string, ConstantTensor> => {
  const outSize = scales.length;
  return {
    [`${name}.weight`]: { dims: [values.length / outSize, outSize], data: values },
    [`${name}.scale`]: { dims: [outSize], data: scales },
    ...(bias === null ? {} : { [`${name}.bias`]: { dims: [outSize], data: bias } }),
  };
};

/** `W x + b = W (x - z) + (b + W z)`, the bracket with the weights as they were before rounding. */
const biasAtZeroPoint = (parts: readonly Linear[], zeroPoint: number): Float32Array =>
  Float32Array.from(
    parts.flatMap(({ weight, bias, inSize, outSize }) =>
      Array.from({ length: outSize }, (_, row) => {
        let sum = 0;
        for (let k = 0; k < inSize; k++) sum += weight[row * inSize + k] as number;
        return (bias?.[row] ?? 0) + sum * zeroPoint;
      }),
    ),
  );
