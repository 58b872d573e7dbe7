import fc from 'fast-check';
import {
  bytesField,
  concatBytes,
  floatField,
  intField,
  messageField,
  packedIntsField,
  stringField,
} from '../../../lib/compiler/onnx/protobuf';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('fields are the bytes of the examples in the Protocol Buffers documentation', () => {
  expect(hex(intField(1, 150))).toBe('089601');
  expect(hex(stringField(2, 'testing'))).toBe('120774657374696e67');
  expect(hex(messageField(3, [intField(1, 150)]))).toBe('1a03089601');
  expect(hex(packedIntsField(6, [3, 270, 86942]))).toBe('3206038e029ea705');
});

test('negative integers take ten bytes, as int64 does', () => {
  expect(hex(intField(1, -2))).toBe('08feffffffffffffffff01');
});

test('floats are little-endian singles and bytes are framed by their length', () => {
  expect(hex(floatField(2, 1))).toBe('150000803f');
  expect(hex(bytesField(9, Uint8Array.of(1, 2)))).toBe('4a020102');
});

test('a field number above 15 takes a second tag byte', () => {
  expect(hex(intField(20, 7))).toBe('a00107');
});

test('every safe integer is read back', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const [, ...bytes] = intField(1, value);

      const read = bytes.reduce((sum, byte, index) => sum | (BigInt(byte & 0x7f) << BigInt(7 * index)), 0n);

      expect(BigInt.asIntN(64, read)).toBe(BigInt(value));
    }),
  );
});

test('parts are joined in order', () => {
  expect([...concatBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])]).toEqual([1, 2, 3]);
});
