import { openSafetensors } from '../../../lib/compiler/safetensors/open-safetensors';
import { entry, fileOf, fileWith } from './safetensors-files';

const open = (bytes: Uint8Array) => openSafetensors(fileOf(bytes));
const refusal = (message: string | RegExp) =>
  expect.objectContaining({
    code: 'CHECKPOINT_INVALID',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });

const withLength = (length: bigint, rest: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length, true);
  return Buffer.concat([prefix, rest]);
};

describe('a sound header', () => {
  it('gives every tensor its dtype, shape and place in the file, in file order', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      second: entry('F16', [2, 3], 4, 16),
      first: entry('F32', [1], 0, 4),
    };
    const bytes = fileWith(header, 16);
    const dataStart = bytes.length - 16;

    const { tensors } = await open(bytes);

    expect([...tensors]).toEqual([
      ['first', { name: 'first', dtype: 'F32', shape: [1], offset: dataStart, sizeBytes: 4 }],
      ['second', { name: 'second', dtype: 'F16', shape: [2, 3], offset: dataStart + 4, sizeBytes: 12 }],
    ]);
  });

  it('may hold scalars, empty tensors, other dtypes, padding, escapes and no tensor at all', async () => {
    const scalar = await open(fileWith({ a: entry('F32', [], 0, 4) }, 4));
    const empty = await open(fileWith({ b: entry('I64', [0, 7], 0, 0), a: entry('BOOL', [3], 0, 3) }, 3));
    const padded = await open(fileWith(`${JSON.stringify({ 'a"\\': entry('F8_E4M3', [1], 0, 1) })}    `, 1));
    const nothing = await open(fileWith('{}'));

    expect(scalar.tensors.get('a')).toMatchObject({ shape: [], sizeBytes: 4 });
    expect([...empty.tensors.keys()]).toEqual(['b', 'a']);
    expect([...padded.tensors.keys()]).toEqual(['a"\\']);
    expect(nothing.tensors.size).toBe(0);
  });

  it('may name a tensor like a member of Object', async () => {
    const { tensors } = await open(fileWith('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4));

    expect([...tensors.keys()]).toEqual(['__proto__']);
  });
});

describe('a file that is no safetensors file', () => {
  it.each([
    ['empty', new Uint8Array(0), 'expected a safetensors file of at least 8 bytes, received 0'],
    ['cut in the length', new Uint8Array(7), 'expected a safetensors file of at least 8 bytes, received 7'],
    ['of zeros', new Uint8Array(64), 'expected a safetensors header of 2 to 56 bytes in this file, received 0'],
    [
      'cut in the header',
      fileWith({ a: entry('F32', [1], 0, 4) }, 4).slice(0, 20),
      /header of 2 to 12 bytes in this file, received 5\d/,
    ],
    [
      'announcing 2^64 - 1 bytes of header',
      withLength(2n ** 64n - 1n, new Uint8Array(40)),
      'expected a safetensors header of 2 to 40 bytes in this file, received 18446744073709551615',
    ],
    [
      'announcing one byte more than it has',
      withLength(3n, new TextEncoder().encode('{}')),
      'expected a safetensors header of 2 to 2 bytes in this file, received 3',
    ],
    [
      'that is a zip of torch.save',
      Buffer.from('PK\u0003\u0004\u0000\u0000\u0008\u0008 and what follows'),
      /received a PyTorch pickle under another name$/,
    ],
    [
      'that is a bare pickle',
      Buffer.concat([Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46]), new Uint8Array(40)]),
      /received a PyTorch pickle under another name$/,
    ],
  ])('is refused when it is %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toEqual(refusal(message));
  });

  it('is refused for a header larger than any model needs, before the header is read', async () => {
    const file = fileOf(withLength(17n * 1024n * 1024n));
    const huge = { ...file, sizeBytes: 2 ** 40 };

    await expect(openSafetensors(huge)).rejects.toEqual(refusal(/header of 2 to 16777216 bytes.*received 17825792$/));
    expect(file.reads).toEqual([[0, 8]]);
  });
});

describe('a header that is not a JSON object', () => {
  const noJson = 'expected a JSON object for the safetensors header, received no JSON';
  it.each([
    ['text', 'hello, model', noJson],
    ['cut JSON', '{"a":{"dtype":"F32"', noJson],
    ['a byte order mark', '\ufeff{}', noJson],
    ['an array', '[1, 2]', 'expected a JSON object for the safetensors header, received an array'],
    ['a number', '12', 'expected a JSON object for the safetensors header, received number'],
    ['null', 'null', 'expected a JSON object for the safetensors header, received object'],
  ])('is refused when it is %s', async (_, header, message) => {
    await expect(open(fileWith(header))).rejects.toEqual(refusal(message));
  });

  it('is refused when it is no UTF-8', async () => {
    const bytes = withLength(4n, Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d]));

    await expect(open(bytes)).rejects.toEqual(refusal(noJson));
  });

  it('is refused when a name occurs twice, also under an escape', async () => {
    const twice = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{}}';

    await expect(open(fileWith(twice, 1))).rejects.toEqual(
      refusal('expected each name once in the safetensors header, received "a" twice'),
    );
  });
});

describe('a tensor that cannot be', () => {
  const dtypes = 'BOOL, U8, I8, F8_E5M2, F8_E4M3, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64';
  it.each<[string, unknown, number, string | RegExp]>([
    ['an unknown dtype', entry('F4', [2], 0, 1), 1, `expected one of ${dtypes} for dtype of tensor "w", received "F4"`],
    ['a dtype that is a member of Object', entry('constructor', [1], 0, 1), 1, /received "constructor"$/],
    [
      'offsets behind the end',
      entry('F32', [2], 0, 8),
      4,
      'expected data_offsets within 0 to 4 for tensor "w", received 0 to 8',
    ],
    ['offsets that run backwards', entry('F32', [1], 4, 0), 4, /within 0 to 4 for tensor "w", received 4 to 0$/],
    ['negative offsets', entry('F32', [1], -4, 0), 4, /data_offsets 0 .*>=0/],
    ['fractional offsets', entry('F32', [1], 0.5, 4.5), 8, /data_offsets 0 .*expected int/],
    ['offsets above the safe integers', entry('F32', [1], 0, 2 ** 60), 4, /data_offsets 1 /],
    ['three offsets', { ...entry('F32', [1], 0, 4), data_offsets: [0, 4, 8] }, 4, /data_offsets /],
    [
      'a shape of more bytes than the range',
      entry('F32', [3], 0, 8),
      8,
      'expected 12 bytes for tensor "w" of shape [3] F32, received 8',
    ],
    ['a dtype of fewer bytes than the range', entry('F16', [2], 0, 8), 8, /expected 4 bytes .* \[2\] F16, received 8$/],
    [
      'a shape whose product overflows',
      entry('F32', [2 ** 32, 2 ** 32, 2 ** 32], 0, 0),
      0,
      /^expected 3\.1\d+e\+29 bytes for tensor "w"/,
    ],
    ['a shape with a negative side', entry('F32', [-1, -1], 0, 4), 4, /shape 0 /],
    ['a shape with NaN', { ...entry('F32', [], 0, 4), shape: [null] }, 4, /shape 0 .*received null/],
    ['seventeen axes', entry('F32', Array(17).fill(1), 0, 4), 4, /shape .*<=16/],
    ['no dtype', { shape: [1], data_offsets: [0, 4] }, 4, /dtype .*received undefined/],
    ['a key the format does not have', { ...entry('F32', [1], 0, 4), pickle: true }, 4, /Unrecognized key: "pickle"/],
    ['no object', 'F32', 4, /received string$/],
  ])('is refused for %s', async (_, tensor, dataBytes, message) => {
    await expect(open(fileWith({ w: tensor }, dataBytes))).rejects.toEqual(refusal(message));
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    [
      'overlap',
      { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 2, 6) },
      6,
      'expected tensor "b" to start at data offset 4, received 2 (an overlap with the tensor before it)',
    ],
    [
      'leave a hole',
      { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 6, 10) },
      10,
      'expected tensor "b" to start at data offset 4, received 6 (a hole)',
    ],
    [
      'start late',
      { a: entry('U8', [4], 1, 5) },
      5,
      'expected tensor "a" to start at data offset 0, received 1 (a hole)',
    ],
    [
      'share their bytes',
      { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 0, 4) },
      4,
      'expected tensor "b" to start at data offset 4, received 0 (an overlap with the tensor before it)',
    ],
  ])('is refused when the ranges %s', async (_, header, dataBytes, message) => {
    await expect(open(fileWith(header, dataBytes))).rejects.toEqual(refusal(message));
  });

  it('is refused when bytes follow the last one', async () => {
    const bytes = fileWith({ a: entry('U8', [4], 0, 4) }, 9);

    await expect(open(bytes)).rejects.toEqual(
      refusal(`expected the tensors to end with the file at byte ${bytes.length}, received byte ${bytes.length - 5}`),
    );
  });

  it('is refused when the metadata are not texts', async () => {
    await expect(open(fileWith({ __metadata__: { epoch: 3 } }))).rejects.toEqual(
      refusal('expected text values for __metadata__ of the header'),
    );
  });
});

describe('a header made to exhaust its reader', () => {
  const deep = (text: string, levels: number) => text.replace('*', `${'['.repeat(levels)}${']'.repeat(levels)}`);
  it.each([
    ['a million escapes in a value', `{"a":"${'\\n'.repeat(1_000_000)}"}`],
    ['a million escapes in a name', `{"${'\\n'.repeat(1_000_000)}":1}`],
    ['a million nested arrays', deep('{"a":*}', 1_000_000)],
    ['nested arrays for a side', deep('{"a":{"dtype":"F32","shape":[*],"data_offsets":[0,0]}}', 100_000)],
    ['a dtype of a megabyte', `{"a":{"dtype":"${'x'.repeat(1_000_000)}","shape":[],"data_offsets":[0,0]}}`],
    ['unknown keys by the thousand', `{"a":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(',')}}}`],
  ])('is refused in a short message: %s', async (_, header) => {
    const refused = open(fileWith(header));

    await expect(refused).rejects.toEqual(refusal(/^.{10,400}$/));
  });
});
