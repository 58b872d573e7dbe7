/**
 * The little of the Protocol Buffers wire format that ONNX needs, as functions from values to bytes:
 * https://protobuf.dev/programming-guides/encoding
 */
const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;

const text = new TextEncoder();

export const concatBytes = (parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
};

/** @param value a safe integer; negative ones take ten bytes, as int64 in two's complement does */
const varint = (value: number): Uint8Array => {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
};

const tag = (field: number, wireType: number): Uint8Array => varint((field << 3) | wireType);

/** int32, int64 and enum fields. */
export const intField = (field: number, value: number): Uint8Array =>
  concatBytes([tag(field, WIRE_VARINT), varint(value)]);

/** float fields: IEEE single, little endian. */
export const floatField = (field: number, value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatBytes([tag(field, WIRE_FIXED32), bytes]);
};

/** bytes fields, and messages already encoded. */
export const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  concatBytes([tag(field, WIRE_LENGTH), varint(bytes.length), bytes]);

export const stringField = (field: number, value: string): Uint8Array => bytesField(field, text.encode(value));

/** A message field made of fields. */
export const messageField = (field: number, parts: readonly Uint8Array[]): Uint8Array =>
  bytesField(field, concatBytes(parts));

/** A repeated int64 field, packed. */
export const packedIntsField = (field: number, values: readonly number[]): Uint8Array =>
  bytesField(field, concatBytes(values.map(varint)));
