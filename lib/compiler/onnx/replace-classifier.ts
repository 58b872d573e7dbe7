import { SulcusError } from '../../core/errors';
import type { Linear } from '../architectures/vit/vit-model';
import { floatLinear } from '../quantization/to-float-graph';
import type { Graph, GraphNode, GraphValue } from './graph';

export interface ClassifierNames {
  readonly features: string;
  /** Null when the graph has no classifier. */
  readonly logits: string | null;
}

/** Name of the output of a classifier that is added. */
export const LOGITS = 'logits';

/**
 * The graph with this classifier on its features, in float32, in place of the one it has: node for node and constant for
 * constant what the compiler makes of a checkpoint with that classifier.
 * @throws ARCHITECTURE_UNSUPPORTED when the graph has no such features, or another kind of classifier
 */
export const replaceClassifier = (graph: Graph, { features, logits }: ClassifierNames, classifier: Linear): Graph => {
  requireFeatures(graph, features, classifier.inSize);
  const old = logits === null ? [] : findClassifier(graph, features, logits);
  const output: GraphValue = { name: logits ?? LOGITS, type: 'float32', dims: [1, classifier.outSize] };
  const added = floatLinear({
    kind: 'linear',
    name: 'classifier',
    input: features,
    output: output.name,
    role: 'head',
    zeroPoint: 0,
    hasBias: true,
    read: async () => [classifier],
  });
  return {
    inputs: graph.inputs,
    outputs: [output, ...graph.outputs.filter(({ name }) => name !== logits)],
    nodes: graph.nodes
      .filter((node) => !old.includes(node))
      .flatMap((node) => (node.outputs.includes(features) ? [node, ...added] : [node])),
  };
};

const unsupported = (expected: string, received: string): SulcusError =>
  new SulcusError('ARCHITECTURE_UNSUPPORTED', `expected ${expected} in the graph, received ${received}`);

const requireFeatures = ({ outputs, nodes }: Graph, features: string, size: number): void => {
  const declared = outputs.find(({ name }) => name === features);
  const [rows, channels] = declared?.dims ?? [];
  if (rows !== 1 || channels !== size || declared?.type !== 'float32') {
    const received = declared === undefined ? 'none' : `${declared.type} [${declared.dims.join(', ')}]`;
    throw unsupported(`features float32 [1, ${size}]`, received);
  }
  if (!nodes.some((node) => node.outputs.includes(features))) throw unsupported('a node that makes features', 'none');
};

/** `logits = features · weight + bias`, a node each, with constants of their own. */
const findClassifier = ({ nodes }: Graph, features: string, logits: string): GraphNode[] => {
  const add = nodes.find((node) => node.outputs.includes(logits));
  const product = nodes.find((node) => node.outputs[0] !== undefined && add?.inputs[0] === node.outputs[0]);
  const isClassifier = add?.opType === 'Add' && product?.opType === 'MatMul' && product.inputs[0] === features;
  if (isClassifier && add.constants !== undefined && product.constants !== undefined) return [product, add];
  const received = [product, add].flatMap((node) => node?.opType ?? []).join(', ') || 'none';
  throw unsupported('MatMul of features and Add for the logits', received);
};
