import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder } from '../../lib/adapters/checkpoint-folder';
import { openGraphSession } from '../../lib/adapters/onnx';
import { compileModel } from '../../lib/compiler';
import {
  encodeSafetensors,
  frameSafetensors,
  memorySource,
  type TinyTensor,
  type TinyVitOptions,
  tinyCheckpoint,
  tinyTensors,
} from '../support/tiny-vit';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-hostile-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const WEIGHTS = 'model.safetensors';
const QUERY = 'vit.encoder.layer.1.attention.attention.query.weight';

const withWeights = (weights: Uint8Array, options: TinyVitOptions = {}) =>
  tinyCheckpoint(options).set(WEIGHTS, weights);

const withTensors = (change: (tensors: Map<string, TinyTensor>) => void, options: TinyVitOptions = {}) => {
  const tensors = tinyTensors(options);
  change(tensors);
  return withWeights(encodeSafetensors(tensors), options);
};

/** The sound file with another text for its header. */
const withHeader = (change: (header: Record<string, { data_offsets: [number, number] }>) => unknown) => {
  const bytes = tinyCheckpoint().get(WEIGHTS)!;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  return withWeights(frameSafetensors(JSON.stringify(change(header) ?? header), bytes.subarray(8 + length)));
};

const poisoned = (name: string, value: number) =>
  withTensors((tensors) => {
    tensors.get(name)!.values[3] = value;
  });

const sharded = (shardOf: (name: string) => string, shards: Readonly<Record<string, Uint8Array>> = {}) => {
  const files = tinyCheckpoint();
  const weightMap = Object.fromEntries([...tinyTensors().keys()].map((name) => [name, shardOf(name)]));
  files.set('model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: weightMap })));
  files.set('a.safetensors', files.get(WEIGHTS)!);
  files.delete(WEIGHTS);
  for (const [name, bytes] of Object.entries(shards)) files.set(name, bytes);
  return files;
};

const truncated = (bytes: number) => withWeights(tinyCheckpoint().get(WEIGHTS)!.slice(0, bytes));

const pickle = Buffer.concat([Buffer.from([0x80, 2]), Buffer.from('}q\0(X\x0a\0\0\0cls_token')]);

test.each<[string, () => Map<string, Uint8Array>, string, RegExp]>([
  ['a file cut in its data', () => truncated(60_000), 'CHECKPOINT_INVALID', /data_offsets within 0 to/],
  ['a file cut in its header', () => truncated(900), 'CHECKPOINT_INVALID', /header of 2 to 892 bytes/],
  ['a file cut in its length', () => truncated(5), 'CHECKPOINT_INVALID', /at least 8 bytes, received 5/],
  ['an empty file', () => truncated(0), 'CHECKPOINT_INVALID', /at least 8 bytes, received 0/],
  ['a pickle by that name', () => withWeights(pickle), 'CHECKPOINT_INVALID', /PyTorch pickle under another name/],
  [
    'a zip by that name',
    () => withWeights(Buffer.from('PK\x03\x04aaaaaaaaaaaa')),
    'CHECKPOINT_INVALID',
    /PyTorch pickle/,
  ],
  [
    'tensors that overlap',
    () =>
      withHeader((header) => {
        return { ...header, 'classifier.weight': header['classifier.bias'] };
      }),
    'CHECKPOINT_INVALID',
    /an overlap with the tensor before it/,
  ],
  [
    'a shape that its bytes are not',
    () => withHeader((header) => ({ ...header, [QUERY]: { ...header[QUERY], shape: [64, 32] } })),
    'CHECKPOINT_INVALID',
    /expected 8192 bytes for tensor.*received 4096/,
  ],
  [
    'a dtype that its bytes are not',
    () => withHeader((header) => ({ ...header, [QUERY]: { ...header[QUERY], dtype: 'F64' } })),
    'CHECKPOINT_INVALID',
    /expected 8192 bytes for tensor.*received 4096/,
  ],
  [
    'an absurd shape',
    () => withHeader((header) => ({ ...header, [QUERY]: { ...header[QUERY], shape: [2 ** 40, 2 ** 40] } })),
    'CHECKPOINT_INVALID',
    /for tensor.*query/,
  ],
  ['a tensor too few', () => withTensors((tensors) => tensors.delete(QUERY)), 'CHECKPOINT_INVALID', /named vit.*query/],
  ['a weight that is NaN', () => poisoned(QUERY, Number.NaN), 'CHECKPOINT_INVALID', /finite.*query.*received NaN at 3/],
  [
    'a weight of -Infinity',
    () => poisoned('vit.layernorm.bias', -Infinity),
    'CHECKPOINT_INVALID',
    /received -Infinity/,
  ],
  ['a classifier with NaN', () => poisoned('classifier.weight', Number.NaN), 'CHECKPOINT_INVALID', /classifier/],
  [
    'a model of other sizes',
    () =>
      withTensors(() => {}, { config: { hidden_size: 48 } }).set('config.json', tinyCheckpoint().get('config.json')!),
    'CHECKPOINT_INVALID',
    /shape \[1, 1, 32\].*received \[1, 1, 48\]/,
  ],
  [
    'absurd sizes',
    () => tinyCheckpoint({ config: {} }).set('config.json', Buffer.from('{"model_type":"vit","hidden_size":1e15}')),
    'CHECKPOINT_INVALID',
    /hidden_size/,
  ],
  [
    'an absurd number of patches',
    () => tinyCheckpoint().set('config.json', Buffer.from('{"model_type":"vit","image_size":4096,"patch_size":1}')),
    'ARCHITECTURE_UNSUPPORTED',
    /16384 patches/,
  ],
  ['an index of shards outside', () => sharded(() => '../a.safetensors'), 'CHECKPOINT_INVALID', /weight_map/],
  ['an index of a file that is missing', () => sharded(() => 'b.safetensors'), 'CHECKPOINT_INVALID', /b\.safetensors/],
  [
    'an index that lies about its shards',
    () =>
      sharded((name) => (name === QUERY ? 'b.safetensors' : 'a.safetensors'), {
        'b.safetensors': encodeSafetensors(new Map()),
      }),
    'CHECKPOINT_INVALID',
    /tensor "vit.*query.weight" in b\.safetensors, received none/,
  ],
  [
    'weights of a bare model',
    () => tinyCheckpoint({ head: 'pooler', config: { architectures: null, id2label: { 0: 'a' } } }),
    'CHECKPOINT_INVALID',
    /named classifier.weight/,
  ],
  [
    'a config cut short',
    () => tinyCheckpoint().set('config.json', Buffer.from('{"model_type": "vi')),
    'CHECKPOINT_INVALID',
    /JSON for config\.json/,
  ],
  [
    'another architecture',
    () => tinyCheckpoint({ config: { model_type: 'deit' } }),
    'ARCHITECTURE_UNSUPPORTED',
    /"vit" for model_type.*"deit"/,
  ],
])('%s is refused by our error and leaves nothing behind', async (_, files, code, message) => {
  const compiling = compileModel({
    source: memorySource(files()),
    sink: await createBundleFolder(join(folder, 'bundle')),
    name: 'tiny',
    version: '1',
    openSession: openGraphSession,
  });

  await expect(compiling).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(await readdir(folder)).toEqual([]);
});
