/** What a graph consists of, in ONNX's words; https://onnx.ai/onnx/repo-docs/IR.html */

export type ElementType = 'float32' | 'uint8' | 'int8' | 'int64';

/** A constant; its element type is told by the array's class. */
export interface ConstantTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | BigInt64Array;
}

export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] };

/** Makes constants when they are written, so that memory never holds them all. */
export type ProduceConstants = () => Promise<Readonly<Record<string, ConstantTensor>>>;

export interface GraphNode {
  readonly opType: string;
  /** Empty (the default) for ONNX's own operators. */
  readonly domain?: 'com.microsoft';
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** The constants that this node is the first to use; names are unique in the graph. */
  readonly constants?: ProduceConstants;
}

export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

export interface Graph {
  readonly inputs: readonly GraphValue[];
  /** Values that a run may fetch, each by its name. */
  readonly outputs: readonly GraphValue[];
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
}

/** int64 constants: shapes, axes, indices. */
export const int64s = (...values: readonly number[]): ConstantTensor => ({
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

export const elementTypeOf = (data: ConstantTensor['data']): ElementType => {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int8Array) return 'int8';
  return data instanceof Uint8Array ? 'uint8' : 'int64';
};
