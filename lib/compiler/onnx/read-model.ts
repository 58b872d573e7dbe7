import { SulcusError } from '../../core/errors';
import type { AttributeValue, ElementType, GraphNode, GraphValue } from './graph';
import { encodeModel, type Initializer, type InitializerData, type ModelProto } from './model-proto';
import { readFields, readPackedInts, type WireField } from './wire-fields';

const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = { 1: 'float32', 2: 'uint8', 3: 'int8', 7: 'int64' };

/**
 * Reads what `encodeModel` writes. What it gives is written again and compared, so that nothing of a graph is ever lost:
 * one that holds more, of another opset, or from another compiler is refused.
 * @throws ARCHITECTURE_UNSUPPORTED
 */
export const readModel = (bytes: Uint8Array): ModelProto => {
  const fields = readFields(bytes);
  const model = decodeModel(fields);
  const again = encodeModel(model);
  if (again.length === bytes.length && again.every((byte, index) => byte === bytes[index])) return model;
  const opset = readFields(bytesOf(fields, 8)).find(({ field }) => field === 2);
  throw new SulcusError(
    'ARCHITECTURE_UNSUPPORTED',
    'expected an ONNX graph as the compiler writes it, every byte of it, ' +
      `received one of ${JSON.stringify(model.producer.name.slice(0, 40))} and opset ${opset?.kind === 'int' ? opset.value : '?'} that holds something else`,
  );
};

const all = (fields: readonly WireField[], field: number): Uint8Array[] =>
  fields.flatMap((entry) => (entry.field === field && entry.kind === 'bytes' ? [entry.bytes] : []));
const bytesOf = (fields: readonly WireField[], field: number): Uint8Array => all(fields, field)[0] ?? new Uint8Array(0);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const textOf = (fields: readonly WireField[], field: number): string => text(bytesOf(fields, field));
const numberOf = (fields: readonly WireField[], field: number): number => {
  const found = fields.find((entry) => entry.field === field);
  return found !== undefined && found.kind !== 'bytes' ? found.value : 0;
};

const decodeModel = (fields: readonly WireField[]): ModelProto => {
  const graph = readFields(bytesOf(fields, 7));
  return {
    producer: { name: textOf(fields, 2), version: textOf(fields, 3) },
    graphName: textOf(graph, 2),
    inputs: all(graph, 11).map(decodeValue),
    outputs: all(graph, 12).map(decodeValue),
    nodes: all(graph, 1).map(decodeNode),
    initializers: all(graph, 5).map(decodeInitializer),
  };
};

const decodeNode = (message: Uint8Array): GraphNode => {
  const fields = readFields(message);
  const attributes = all(fields, 5).map(decodeAttribute);
  const isMicrosoft = textOf(fields, 7) === 'com.microsoft';
  return {
    opType: textOf(fields, 4),
    ...(isMicrosoft ? { domain: 'com.microsoft' } : {}),
    inputs: all(fields, 1).map(text),
    outputs: all(fields, 2).map(text),
    ...(attributes.length === 0 ? {} : { attributes: Object.fromEntries(attributes) }),
  };
};

const decodeAttribute = (message: Uint8Array): [string, AttributeValue] => {
  const fields = readFields(message);
  const name = textOf(fields, 1);
  switch (numberOf(fields, 20)) {
    case 1:
      return [name, { float: numberOf(fields, 2) }];
    case 2:
      return [name, { int: numberOf(fields, 3) }];
    case 3:
      return [name, { string: textOf(fields, 4) }];
    default:
      return [
        name,
        { ints: fields.flatMap((entry) => (entry.field === 8 && entry.kind === 'int' ? entry.value : [])) },
      ];
  }
};

const elementType = (number: number): ElementType => {
  const type = ELEMENT_TYPES[number];
  if (type !== undefined) return type;
  throw new SulcusError(
    'ARCHITECTURE_UNSUPPORTED',
    `expected float32, uint8, int8 or int64 values in an ONNX graph as the compiler writes it, received type ${number}`,
  );
};

const decodeInitializer = (message: Uint8Array): Initializer => {
  const fields = readFields(message);
  return {
    name: textOf(fields, 8),
    type: elementType(numberOf(fields, 2)),
    dims: readPackedInts(bytesOf(fields, 1)),
    data: decodeData(fields),
  };
};

const decodeData = (fields: readonly WireField[]): InitializerData => {
  const places = all(fields, 13).map((entry) => {
    const pair = readFields(entry);
    return [textOf(pair, 1), textOf(pair, 2)] as const;
  });
  if (places.length === 0) return { raw: bytesOf(fields, 9) };
  const place = Object.fromEntries(places);
  return { location: place.location ?? '', offset: Number(place.offset), sizeBytes: Number(place.length) };
};

const decodeValue = (message: Uint8Array): GraphValue => {
  const fields = readFields(message);
  const tensor = readFields(bytesOf(readFields(bytesOf(fields, 2)), 1));
  const shape = readFields(bytesOf(tensor, 2));
  return {
    name: textOf(fields, 1),
    type: elementType(numberOf(tensor, 1)),
    dims: all(shape, 1).map((side) => numberOf(readFields(side), 1)),
  };
};
