import { SulcusError } from '../../core/errors';

/** One field of a message, as the wire has it: a number, or bytes that are a text, a message or whatever it takes. */
export type WireField =
  | { readonly field: number; readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly field: number; readonly kind: 'bytes'; readonly bytes: Uint8Array };

const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;
/** 64 bits in groups of 7. */
const LONGEST_VARINT = 10;

const damaged = (received: string): SulcusError =>
  new SulcusError('ARCHITECTURE_UNSUPPORTED', `expected an ONNX graph as the compiler writes it, received ${received}`);

/**
 * The fields of a Protocol Buffers message, in their order: what `protobuf.ts` writes, read back.
 * @throws ARCHITECTURE_UNSUPPORTED for bytes that are no such message
 */
export const readFields = (message: Uint8Array): WireField[] => {
  const cursor = { bytes: message, position: 0 };
  const fields: WireField[] = [];
  while (cursor.position < message.length) fields.push(readField(cursor));
  return fields;
};

interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
}

const readField = (cursor: Cursor): WireField => {
  const tag = readVarint(cursor);
  const [field, wireType] = [Math.floor(tag / 8), tag % 8];
  if (wireType === WIRE_VARINT) return { field, kind: 'int', value: readVarint(cursor) };
  if (wireType === WIRE_LENGTH) return { field, kind: 'bytes', bytes: take(cursor, readVarint(cursor)) };
  if (wireType !== WIRE_FIXED32) throw damaged(`a field of wire type ${wireType}`);
  const { buffer, byteOffset } = take(cursor, 4);
  return { field, kind: 'float', value: new DataView(buffer, byteOffset).getFloat32(0, true) };
};

const readVarint = (cursor: Cursor): number => {
  let value = 0n;
  for (let group = 0; group < LONGEST_VARINT; group++) {
    const byte = take(cursor, 1)[0] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * group);
    if (byte < 0x80) {
      const signed = Number(BigInt.asIntN(64, value));
      if (Number.isSafeInteger(signed)) return signed;
      break;
    }
  }
  throw damaged('a number of more than 53 bits');
};

const take = (cursor: Cursor, length: number): Uint8Array => {
  const { bytes, position } = cursor;
  if (length < 0 || position + length > bytes.length) throw damaged('one that ends within a field');
  cursor.position += length;
  return bytes.subarray(position, position + length);
};

/** The numbers of a repeated int64 field, packed. */
export const readPackedInts = (bytes: Uint8Array): number[] => {
  const cursor = { bytes, position: 0 };
  const values: number[] = [];
  while (cursor.position < bytes.length) values.push(readVarint(cursor));
  return values;
};
