import { openWeights } from '../../../lib/compiler/safetensors/open-weights';
import type { CheckpointSource } from '../../../lib/core/compiler-ports';
import { sha256Hex } from '../../../lib/core/scan-ids';
import { encodeSafetensors, memorySource } from '../../support/tiny-vit';

const shard = (...names: string[]): Uint8Array =>
  encodeSafetensors(new Map(names.map((name, index) => [name, { shape: [1], values: Float32Array.of(index + 1) }])));
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const sharded = (weightMap: unknown, files: Record<string, Uint8Array> = {}) =>
  memorySource(new Map([['model.safetensors.index.json', json({ weight_map: weightMap })], ...Object.entries(files)]));

/** The source, and how many of its files are open. */
const counted = (source: CheckpointSource) => {
  const open = new Set<string>();
  return {
    open,
    source: {
      ...source,
      open: async (name: string) => {
        const file = await source.open(name);
        open.add(name);
        return {
          ...file,
          close: async () => {
            open.delete(name);
          },
        };
      },
    },
  };
};

test('one file is read as it is, and its hash is that of the file', async () => {
  const bytes = shard('a', 'b');
  const { source, open } = counted(memorySource(new Map([['model.safetensors', bytes]])));

  const weights = await openWeights(source);

  expect([...weights.tensors.keys()]).toEqual(['a', 'b']);
  expect(Array.from(await weights.read('b'))).toEqual([2]);
  expect(await weights.sha256()).toBe(await sha256Hex(bytes));
  await weights.close();
  expect(open.size).toBe(0);
});

test('shards are read as one, in the order of their names, and hashed as sha256sum lists them', async () => {
  const files = { 'model-2.safetensors': shard('c'), 'model-1.safetensors': shard('a', 'b') };
  const { source, open } = counted(
    sharded({ c: 'model-2.safetensors', a: 'model-1.safetensors', b: 'model-1.safetensors' }, files),
  );
  const lines = await Promise.all(
    ['model-1.safetensors', 'model-2.safetensors'].map(
      async (name) => `${await sha256Hex(files[name as keyof typeof files])}  ${name}\n`,
    ),
  );

  const weights = await openWeights(source);

  expect([...weights.tensors.keys()]).toEqual(['a', 'b', 'c']);
  expect(Array.from(await weights.read('c'))).toEqual([1]);
  expect(await weights.sha256()).toBe(await sha256Hex(lines.join('')));
  await weights.close();
  expect(open.size).toBe(0);
});

test.each<[string, CheckpointSource, RegExp]>([
  [
    'a tensor the shards have not',
    sharded({ a: 'm.safetensors', z: 'm.safetensors' }, { 'm.safetensors': shard('a') }),
    /^expected tensor "z" in m\.safetensors, received none$/,
  ],
  [
    'a tensor that two shards have',
    sharded(
      { a: 'm.safetensors', b: 'n.safetensors' },
      { 'm.safetensors': shard('a'), 'n.safetensors': shard('b', 'a') },
    ),
    /^expected tensor "a" in one shard, received it in two$/,
  ],
  ['a shard that is missing', sharded({ a: 'm.safetensors' }), /^expected a file m\.safetensors, received none$/],
  [
    'a shard that is no safetensors file',
    sharded({ a: 'm.safetensors' }, { 'm.safetensors': Buffer.from('PK\u0003\u0004 and so on, a zip') }),
    /a PyTorch pickle under another name$/,
  ],
  [
    'a shard outside the checkpoint',
    sharded({ a: '../other/m.safetensors' }),
    /^expected a weight_map of shard names in/,
  ],
  ['a shard of an absolute path', sharded({ a: '/etc/m.safetensors' }), /^expected a weight_map/],
  ['a shard that is a pickle', sharded({ a: 'pytorch_model.bin' }), /^expected a weight_map/],
  ['no weight_map', sharded(undefined), /^expected a weight_map/],
  [
    'an index that is no JSON',
    memorySource(new Map([['model.safetensors.index.json', Buffer.from('{')]])),
    /^expected JSON for model\.safetensors\.index\.json, received something else$/,
  ],
  ['no weights at all', memorySource(new Map()), /^expected model\.safetensors in the checkpoint, received none$/],
])('%s is refused and leaves no file open', async (_, source, message) => {
  const { source: watched, open } = counted(source);

  const opened = openWeights(watched);

  await expect(opened).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID', message: expect.stringMatching(message) });
  expect(open.size).toBe(0);
});
