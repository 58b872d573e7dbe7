import type { LoweredGraph } from '../architectures/vit/lower-vit';
import type { Graph, GraphNode } from '../onnx/graph';
import type { LinearNode, PendingNode } from '../onnx/linear-node';
import { concatBiases, transposeLinear } from './quantize-linear';

/** Every linear layer in float32: the form that the quantized graph is measured against. */
export const toFloatGraph = ({ inputs, outputs, nodes }: LoweredGraph): Graph => ({
  inputs,
  outputs,
  nodes: nodes.flatMap(expandNode),
});

const expandNode = (node: PendingNode): GraphNode[] => ('kind' in node ? floatLinear(node) : [node]);

/** MatMul and Add; u8 pixels are cast first. */
export const floatLinear = ({ name, input, output, role, hasBias, read }: LinearNode): GraphNode[] => {
  const [weight, bias, product] = [`${name}.weight`, `${name}.bias`, `${name}.product`];
  const constants = async () => {
    const parts = await read();
    const biases = concatBiases(parts);
    const data = transposeLinear(parts);
    const inSize = parts[0]?.inSize ?? 0;
    return {
      [weight]: { dims: [inSize, data.length / inSize], data },
      ...(biases === null ? {} : { [bias]: { dims: [biases.length], data: biases } }),
    };
  };
  const cast: GraphNode = {
    opType: 'Cast',
    inputs: [input],
    outputs: [`${name}.cast`],
    attributes: { to: { int: 1 } },
  };
  const factor = role === 'pixels' ? `${name}.cast` : input;
  return [
    ...(role === 'pixels' ? [cast] : []),
    { opType: 'MatMul', inputs: [factor, weight], outputs: [hasBias ? product : output], constants },
    ...(hasBias ? [{ opType: 'Add', inputs: [product, bias], outputs: [output] }] : []),
  ];
};
