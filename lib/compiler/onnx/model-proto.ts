import type { AttributeValue, ElementType, GraphNode, GraphValue } from './graph';
import { bytesField, concatBytes, floatField, intField, messageField, packedIntsField, stringField } from './protobuf';

/**
 * Opset 17 is the first with LayerNormalization; IR version 8 came with it. Older is better: more runtimes load it.
 * Field numbers below: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
export const OPSET = 17;
const IR_VERSION = 8;
const MICROSOFT_OPSET = 1;

const DATA_TYPE: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int8: 3, int64: 7 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const EXTERNAL = 1;

/** Where a constant's bytes are: in the model itself, or a range of the file beside it. */
export type InitializerData =
  | { readonly raw: Uint8Array }
  | { readonly location: string; readonly offset: number; readonly sizeBytes: number };

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: InitializerData;
}

export interface ModelProto {
  readonly producer: { readonly name: string; readonly version: string };
  readonly graphName: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
}

/** The bytes of an `.onnx` file: an ONNX ModelProto. Same model, same bytes. */
export const encodeModel = (model: ModelProto): Uint8Array =>
  concatBytes([
    intField(1, IR_VERSION),
    stringField(2, model.producer.name),
    stringField(3, model.producer.version),
    messageField(7, [
      ...model.nodes.map((node, index) => messageField(1, encodeNode(node, index))),
      stringField(2, model.graphName),
      ...model.initializers.map((initializer) => messageField(5, encodeInitializer(initializer))),
      ...model.inputs.map((input) => messageField(11, encodeValue(input))),
      ...model.outputs.map((output) => messageField(12, encodeValue(output))),
    ]),
    messageField(8, [stringField(1, ''), intField(2, OPSET)]),
    messageField(8, [stringField(1, 'com.microsoft'), intField(2, MICROSOFT_OPSET)]),
  ]);

const encodeNode = ({ inputs, outputs, opType, domain, attributes = {} }: GraphNode, index: number): Uint8Array[] => [
  ...inputs.map((name) => stringField(1, name)),
  ...outputs.map((name) => stringField(2, name)),
  stringField(3, `${index}_${opType}`),
  stringField(4, opType),
  ...Object.entries(attributes).map(([name, value]) =>
    messageField(5, [stringField(1, name), ...encodeAttribute(value)]),
  ),
  ...(domain === undefined ? [] : [stringField(7, domain)]),
];

const encodeAttribute = (value: AttributeValue): Uint8Array[] => {
  if ('int' in value) return [intField(3, value.int), intField(20, ATTRIBUTE_TYPE.int)];
  if ('float' in value) return [floatField(2, value.float), intField(20, ATTRIBUTE_TYPE.float)];
  if ('string' in value) return [stringField(4, value.string), intField(20, ATTRIBUTE_TYPE.string)];
  return [...value.ints.map((int) => intField(8, int)), intField(20, ATTRIBUTE_TYPE.ints)];
};

const encodeInitializer = ({ name, type, dims, data }: Initializer): Uint8Array[] => [
  packedIntsField(1, dims),
  intField(2, DATA_TYPE[type]),
  stringField(8, name),
  ...('raw' in data
    ? [bytesField(9, data.raw)]
    : [
        ...Object.entries({ location: data.location, offset: data.offset, length: data.sizeBytes }).map(
          ([key, value]) => messageField(13, [stringField(1, key), stringField(2, String(value))]),
        ),
        intField(14, EXTERNAL),
      ]),
];

const encodeValue = ({ name, type, dims }: GraphValue): Uint8Array[] => [
  stringField(1, name),
  messageField(2, [
    messageField(1, [
      intField(1, DATA_TYPE[type]),
      messageField(
        2,
        dims.map((side) => messageField(1, [intField(1, side)])),
      ),
    ]),
  ]),
];
