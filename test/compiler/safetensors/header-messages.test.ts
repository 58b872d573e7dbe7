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

test('a header may name a tensor like a member of Object', async () => {
  const { tensors } = await open(fileWith('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4));

  expect([...tensors.keys()]).toEqual(['__proto__']);
});

test('a header larger than any model needs is refused before it is read', async () => {
  const file = fileOf(withLength(17n * 1024n * 1024n));
  const huge = { ...file, sizeBytes: 2 ** 40 };

  await expect(openSafetensors(huge)).rejects.toEqual(refusal(/header of 2 to 16777216 bytes.*received 17825792$/));
  expect(file.reads).toEqual([[0, 8]]);
});

describe('what a refusal says', () => {
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
