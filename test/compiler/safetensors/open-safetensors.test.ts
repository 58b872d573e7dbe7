import fc from 'fast-check';
import { openSafetensors } from '../../../lib/compiler/safetensors/open-safetensors';
import { isSulcusError } from '../../../lib/core/errors';
import { encodeSafetensors, frameSafetensors } from '../../support/tiny-vit';
import { entry, fileOf, fileWith } from './safetensors-files';

const float32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const tensorOf = (...values: number[]): Uint8Array =>
  frameSafetensors(JSON.stringify({ w: entry('F32', [values.length], 0, values.length * 4) }), float32(...values));

describe('reading a tensor', () => {
  it('reads the header first and then only the range that was asked for', async () => {
    const header = { a: entry('F32', [1000], 0, 4000), b: entry('F32', [2], 4000, 4008) };
    const bytes = frameSafetensors(JSON.stringify(header), new Uint8Array(4000), float32(1.5, -2));
    const file = fileOf(bytes);

    const values = await (await openSafetensors(file)).read('b');

    expect(Array.from(values)).toEqual([1.5, -2]);
    expect(file.reads).toEqual([
      [0, 8],
      [8, bytes.length - 8 - 4008],
      [bytes.length - 8, 8],
    ]);
  });

  it.each([
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('refuses %s, naming tensor and place', async (value, received) => {
    const source = await openSafetensors(fileOf(tensorOf(0, 1, value, 2)));

    await expect(source.read('w')).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: `expected finite values for tensor w, received ${received} at 2`,
    });
  });

  it('refuses NaN and infinities of F16 and BF16', async () => {
    const words = (dtype: string, word: number) =>
      frameSafetensors(JSON.stringify({ w: entry(dtype, [1], 0, 2) }), new Uint8Array(Uint16Array.of(word).buffer));

    for (const [dtype, word] of [
      ['F16', 0x7c00],
      ['F16', 0xfe01],
      ['BF16', 0xff80],
      ['BF16', 0x7fc0],
    ] as const) {
      const source = await openSafetensors(fileOf(words(dtype, word)));
      await expect(source.read('w')).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    }
  });

  it('takes the largest and the smallest finite values', async () => {
    const values = [3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45, -0];
    const source = await openSafetensors(fileOf(tensorOf(...values)));

    expect(Array.from(await source.read('w'))).toEqual(values);
  });

  it('refuses a name the file has not, and integers', async () => {
    const source = await openSafetensors(fileOf(fileWith({ ids: entry('I64', [1], 0, 8) }, 8)));

    await expect(source.read('w')).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: 'expected a tensor named w, received none',
    });
    await expect(source.read('ids')).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: 'expected F32, F16, BF16 for tensor ids, received I64',
    });
  });
});

/** Opens the bytes and reads every tensor: what came of it, and what was asked of the file. */
const readAll = async (bytes: Uint8Array) => {
  const file = fileOf(bytes);
  try {
    const source = await openSafetensors(file);
    for (const [name, { dtype }] of source.tensors) if (dtype === 'F32') await source.read(name);
    return { file };
  } catch (error) {
    return { file, error };
  }
};

/** Nothing but our own refusals, and never a read outside the file, hence never an allocation beyond its size. */
const expectCalm = async (bytes: Uint8Array): Promise<void> => {
  const { file, error } = await readAll(bytes);

  if (error !== undefined) expect(error).toMatchObject({ code: 'CHECKPOINT_INVALID' });
  expect(error === undefined || isSulcusError(error)).toBe(true);
  expect(file.reads.every(([offset, length]) => offset + length <= bytes.length)).toBe(true);
};

describe('arbitrary input', () => {
  const sound = encodeSafetensors(
    new Map([
      ['vit.a', { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['vit.b', { shape: [], values: Float32Array.of(7) }],
    ]),
  );

  it('of any bytes is refused in our words', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), expectCalm), { numRuns: 300 });
  });

  it('of any JSON as a header is refused in our words', async () => {
    const side = fc.oneof(fc.nat(40), fc.integer(), fc.double(), fc.constant(2 ** 53), fc.constant(null));
    const tensor = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'BF16', 'I8', 'F64'), fc.string()),
        shape: fc.oneof(fc.array(side, { maxLength: 3 }), fc.jsonValue()),
        data_offsets: fc.oneof(fc.tuple(side, side), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(fc.string(), fc.oneof(tensor, fc.jsonValue()), { maxKeys: 4 });

    await fc.assert(
      fc.asyncProperty(header, fc.nat(100), (json, dataBytes) => expectCalm(fileWith(json, dataBytes))),
      { numRuns: 300 },
    );
  });

  it('made from a sound file by changing, cutting or inserting bytes is refused in our words or read', async () => {
    const mutation = fc.record({
      at: fc.nat(sound.length - 1),
      drop: fc.nat(12),
      insert: fc.uint8Array({ maxLength: 12 }),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        let bytes: Uint8Array = sound;
        for (const { at, drop, insert } of mutations) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
        }

        await expectCalm(new Uint8Array(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
