import fc from 'fast-check';
import { openSafetensors } from '../../../lib/compiler/safetensors/open-safetensors';
import { openWeights } from '../../../lib/compiler/safetensors/open-weights';
import { toFloat32 } from '../../../lib/compiler/safetensors/to-float32';
import { encodeSafetensors, frameSafetensors, memorySource, type TinyTensor } from '../../support/tiny-vit';

const tensor = (...values: number[]): TinyTensor => ({ shape: [values.length], values: Float32Array.from(values) });
const source = (files: Record<string, Uint8Array>) => memorySource(new Map(Object.entries(files)));
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test('F32, F16 and BF16 tensors are read as the float32 values they stand for', async () => {
  const values = tensor(0, -0, 1, -1.5, 0.0999755859375, 65504, 6.103515625e-5);
  for (const dtype of ['F32', 'F16'] as const) {
    const weights = await openWeights(
      source({ 'model.safetensors': encodeSafetensors(new Map([['a', values]]), dtype) }),
    );

    expect(await weights.read('a')).toEqual(values.values);
  }
  const bf16 = toFloat32(Uint8Array.of(0x80, 0x3f, 0xc0, 0xbf, 0x00, 0x80), 'BF16');
  expect(bf16).toEqual(Float32Array.of(1, -1.5, -0));
});

test('every F16 value becomes its float32 value', () => {
  for (let half = 0; half < 65536; half++) {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 1023;
    const finite = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
    const special = mantissa === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    const expected = sign * (exponent === 31 ? special : finite);

    const [received] = toFloat32(Uint8Array.of(half & 255, half >> 8), 'F16');

    if (!Object.is(received, expected)) throw new Error(`expected ${expected} for ${half}, received ${received}`);
  }
});

test('bytes at any alignment are read', () => {
  fc.assert(
    fc.property(fc.nat(7), fc.array(fc.float({ noNaN: true }), { minLength: 1 }), (shift, values) => {
      const floats = Float32Array.from(values);
      const bytes = new Uint8Array(shift + floats.byteLength);
      bytes.set(new Uint8Array(floats.buffer), shift);

      expect(toFloat32(bytes.subarray(shift), 'F32')).toEqual(floats);
    }),
  );
});

test('tensors are read in ranges: of a large file only the prefix, the header and what is asked for', async () => {
  const bytes = encodeSafetensors(
    new Map([
      ['a', tensor(...Array(1000).fill(1))],
      ['b', tensor(2, 3)],
    ]),
  );
  const ranges: [number, number][] = [];
  const weights = await openSafetensors({
    sizeBytes: bytes.length,
    read: async (offset, length) => {
      ranges.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
    sha256: async () => '',
    close: async () => {},
  });

  const values = await weights.read('b');

  expect([...values]).toEqual([2, 3]);
  const headerBytes = bytes.length - 8 - 4008;
  expect(ranges).toEqual([
    [0, 8],
    [8, headerBytes],
    [bytes.length - 8, 8],
  ]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a tensor that holds %p is refused by its name',
  async (value) => {
    const weights = await openWeights(
      source({ 'model.safetensors': encodeSafetensors(new Map([['blocks.7.bias', tensor(1, value)]])) }),
    );

    await expect(weights.read('blocks.7.bias')).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringMatching(/finite values for tensor blocks\.7\.bias.*at 1/),
    });
  },
);

test('a tensor that is missing or no float is refused by its name', async () => {
  const header = JSON.stringify({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } });
  const single = source({ 'model.safetensors': frameSafetensors(header, new Uint8Array(8)) });
  const weights = await openWeights(single);
  const bare = await openSafetensors(await single.open('model.safetensors'));

  for (const tensors of [weights, bare]) {
    await expect(tensors.read('ids')).rejects.toMatchObject({ message: expect.stringContaining('received I64') });
    await expect(tensors.read('nowhere')).rejects.toMatchObject({ message: expect.stringContaining('nowhere') });
  }
});

test('shards are read as one checkpoint', async () => {
  const files = {
    'model.safetensors.index.json': json({ weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } }),
    'model-1.safetensors': encodeSafetensors(new Map([['a', tensor(1)]])),
    'model-2.safetensors': encodeSafetensors(new Map([['b', tensor(2)]])),
  };

  const weights = await openWeights(source(files));

  expect([...(await weights.read('a')), ...(await weights.read('b'))]).toEqual([1, 2]);
  expect(await weights.sha256()).toMatch(/^[0-9a-f]{64}$/);
  await weights.close();
});

test.each([
  ['an index without a map', { map: {} }, 'weight_map'],
  ['a shard outside the folder', { weight_map: { a: '../secret.safetensors' } }, 'weight_map'],
  ['a shard that is missing', { weight_map: { a: 'model-9.safetensors' } }, 'model-9'],
  ['a tensor that its shard lacks', { weight_map: { zz: 'model-1.safetensors' } }, 'zz'],
  ['a tensor in two shards', { weight_map: { a: 'model-1.safetensors', b: 'model-3.safetensors' } }, 'in two'],
])('%s is refused', async (_, index, message) => {
  const files = {
    'model.safetensors.index.json': json(index),
    'model-1.safetensors': encodeSafetensors(new Map([['a', tensor(1)]])),
    'model-3.safetensors': encodeSafetensors(
      new Map([
        ['a', tensor(1)],
        ['b', tensor(1)],
      ]),
    ),
  };

  await expect(openWeights(source(files))).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: expect.stringContaining(message),
  });
});

test.each([
  [['training_args.bin', 'pytorch_model.bin'], '"pytorch_model.bin"', "glob('pytorch_model.bin')"],
  [['pytorch_model-00001-of-00002.bin'], '"pytorch_model-00001-of-00002.bin"', "glob('pytorch_model-*.bin')"],
  [['best.pth'], '"best.pth"', "glob('best.pth')"],
  [["a'); import os;.pt"], 'import os', "glob('pytorch_model.bin')"],
])('a checkpoint with only %j is refused with the command that converts it', async (names, named, files) => {
  const checkpoint = source(Object.fromEntries(names.map((name) => [name, new Uint8Array(9)])));

  const refusal = openWeights(checkpoint);

  await expect(refusal).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  await expect(refusal).rejects.toThrow(`received only ${named.startsWith('"') ? named : '"'}`);
  await expect(refusal).rejects.toThrow(`python -c "import glob, torch, safetensors.torch as s; s.save_file(`);
  await expect(refusal).rejects.toThrow(files);
});

test('a checkpoint without weights is refused', async () => {
  await expect(openWeights(source({ 'config.json': json({}) }))).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: 'expected model.safetensors in the checkpoint, received none',
  });
});
