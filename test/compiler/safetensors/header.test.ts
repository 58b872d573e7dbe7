import fc from 'fast-check';
import { headerLength, parseHeader } from '../../../lib/compiler/safetensors/header';
import { isSulcusError } from '../../../lib/core/errors';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Parses a header in front of `dataBytes` bytes of data. */
const parse = (header: unknown, dataBytes: number) => {
  const bytes = encode(typeof header === 'string' ? header : JSON.stringify(header));
  return parseHeader(bytes, 8 + bytes.length + dataBytes);
};

const prefixOf = (length: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
};

const invalid = (message: string | RegExp) =>
  expect.objectContaining({
    code: 'CHECKPOINT_INVALID',
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  });

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('a sound header gives each tensor its dtype, shape and place in the file', () => {
  const header = {
    __metadata__: { format: 'pt' },
    b: { dtype: 'F16', shape: [2, 2], data_offsets: [12, 20] },
    a: { dtype: 'F32', shape: [3], data_offsets: [0, 12] },
    scalar: { dtype: 'BF16', shape: [], data_offsets: [20, 22] },
  };

  const tensors = parse(header, 22);

  const start = 8 + JSON.stringify(header).length;
  expect([...tensors.keys()]).toEqual(['a', 'b', 'scalar']);
  expect(tensors.get('b')).toEqual({ name: 'b', dtype: 'F16', shape: [2, 2], offset: start + 12, sizeBytes: 8 });
});

test.each([
  ['no JSON', 'not json', 0, 'received no JSON'],
  ['invalid UTF-8', '"\u0000', 0, 'received no JSON'],
  ['an array', '[]', 0, 'received an array'],
  ['null', 'null', 0, 'received object'],
  ['a number', '12', 0, 'received number'],
  ['metadata that is no text', { __metadata__: { a: 1 } }, 0, '__metadata__'],
  ['an entry that is no object', { a: 3 }, 0, 'tensor "a"'],
  ['an unknown dtype', { a: { dtype: 'F12', shape: [], data_offsets: [0, 4] } }, 4, 'F12'],
  ['an inherited dtype', { a: { dtype: 'toString', shape: [], data_offsets: [0, 4] } }, 4, 'toString'],
  ['a negative side', { a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 4, 'shape'],
  ['a fractional side', { a: { dtype: 'F32', shape: [1.5], data_offsets: [0, 6] } }, 6, 'shape'],
  ['an extra key', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], run: 'me' } }, 4, 'tensor "a"'],
  ['a product beyond 2^53', { a: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } }, 4, 'received 4'],
  ['a shape that needs more bytes', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 4, 'expected 8 bytes'],
  ['offsets the wrong way round', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, 4, 'received 4 to 0'],
  ['offsets past the end', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 4, 'within 0 to 4'],
  ['a hole', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8, 'a hole'],
  ['bytes after the last tensor', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 8, 'end with the file'],
  ['no tensors but data', {}, 8, 'end with the file'],
])('a header with %s is refused', (_, header, dataBytes, message) => {
  const error = thrownBy(() => parse(header, dataBytes));

  expect(error).toEqual(invalid(message));
});

test('overlapping tensors are refused', () => {
  const entry = (begin: number, end: number) => ({ dtype: 'F32', shape: [2], data_offsets: [begin, end] });

  const error = thrownBy(() => parse({ a: entry(0, 8), b: entry(4, 12) }, 12));

  expect(error).toEqual(invalid('overlap'));
});

test.each([
  [
    'two tensors',
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
  ],
  ['the same name escaped', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{}}'],
  ['two dtypes of one tensor', '{"a":{"dtype":"F16","dtype":"F32","shape":[1],"data_offsets":[0,4]}}'],
])('a name that occurs twice is refused: %s', (_, header) => {
  const error = thrownBy(() => parse(header, 4));

  expect(error).toEqual(invalid('twice'));
});

test('the same key in two objects, and as a value, is no duplicate', () => {
  const header = {
    dtype: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    shape: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
    __metadata__: { a: 'a', b: 'a', 'q"[{,': 'x' },
  };

  expect([...parse(header, 8).keys()]).toEqual(['dtype', 'shape']);
});

test.each([
  ['a file shorter than the prefix', new Uint8Array(3), 3, 'received 3'],
  ['a length past the end', prefixOf(100n), 50, 'received 100'],
  ['a length of zero', prefixOf(0n), 50, 'received 0'],
  ['a length of 2^64 - 1', prefixOf(2n ** 64n - 1n), 50, 'received 18446744073709551615'],
  ['a length above 16 MiB', prefixOf(17_000_000n), 20_000_000, '16777216'],
  ['a zip as torch.save writes', encode('PK\u0003\u0004....'), 5000, 'pickle'],
  ['a bare pickle', Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x28, 0x58, 3), 5000, 'pickle'],
])('%s is refused', (_, prefix, fileBytes, message) => {
  const error = thrownBy(() => headerLength(prefix, fileBytes));

  expect(error).toEqual(invalid(message));
});

test('a header whose length starts with the byte of a pickle is still read', () => {
  expect(headerLength(prefixOf(0x0280n), 10_000)).toBe(0x280);
});

const name = fc.string({ maxLength: 12 }).filter((text) => text !== '__metadata__');
const tensor = fc.record({
  dtype: fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'U8'),
  shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
});
const BYTES: Record<string, number> = { F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1 };

test('every header that tiles its data is read back as it was written', () => {
  fc.assert(
    fc.property(fc.dictionary(name, tensor, { maxKeys: 8 }), (entries) => {
      let offset = 0;
      const header: [string, unknown][] = [];
      for (const [key, { dtype, shape }] of Object.entries(entries)) {
        const end = offset + shape.reduce((product, side) => product * side, BYTES[dtype]!);
        header.push([key, { dtype, shape, data_offsets: [offset, end] }]);
        offset = end;
      }
      const text = `{${header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;

      const tensors = parse(text, offset);

      expect(tensors.size).toBe(header.length);
      for (const [key, { dtype, shape }] of Object.entries(entries)) {
        expect(tensors.get(key)).toMatchObject({ dtype, shape });
      }
    }),
  );
});

test('whatever a header holds, it is read within the file or refused with CHECKPOINT_INVALID', () => {
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'NaN'), fc.anything()),
      shape: fc.oneof(fc.array(fc.integer({ min: -2, max: 2 ** 31 })), fc.anything()),
      data_offsets: fc.oneof(fc.tuple(fc.integer(), fc.integer()), fc.array(fc.double()), fc.anything()),
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.string(), fc.oneof(entry, fc.anything())).map((value) => JSON.stringify(value, bigintsAsText)),
  );
  fc.assert(
    fc.property(text, fc.nat(100), (header, dataBytes) => {
      const bytes = encode(header);
      const fileBytes = 8 + bytes.length + dataBytes;
      try {
        for (const { offset, sizeBytes } of parseHeader(bytes, fileBytes).values()) {
          expect(offset + sizeBytes).toBeLessThanOrEqual(fileBytes);
        }
      } catch (error) {
        if (!isSulcusError(error)) throw error;
        expect(error.code).toBe('CHECKPOINT_INVALID');
      }
    }),
    { numRuns: 500 },
  );
});

const bigintsAsText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

test('whatever the first bytes are, the length is inside the file or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat(), (prefix, fileBytes) => {
      const result = thrownBy(() => expect(headerLength(prefix, fileBytes)).toBeLessThanOrEqual(fileBytes - 8));

      if (result !== undefined) expect(result).toEqual(invalid(''));
    }),
  );
});
