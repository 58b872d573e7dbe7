import type { Linear } from '../architectures/vit/vit-model';
import type { AttributeValue, GraphNode } from './graph';

/** A linear layer that is not yet a choice of operators; a precision pass makes it one. */
export interface LinearNode {
  readonly kind: 'linear';
  /** Prefix of its constants. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** `pixels` takes u8, `hidden` floats; `head` makes what is answered of the features and stays float in every precision. */
  readonly role: 'pixels' | 'hidden' | 'head';
  /** For `pixels`: the value that stands for zero. */
  readonly zeroPoint: number;
  readonly hasBias: boolean;
  /** Layers of the same input, laid side by side. */
  read(): Promise<readonly Linear[]>;
}

export type PendingNode = GraphNode | LinearNode;

/** A node of ONNX Runtime's own operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
export const microsoft = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): GraphNode => ({ opType, domain: 'com.microsoft', inputs, outputs: [output], attributes });
