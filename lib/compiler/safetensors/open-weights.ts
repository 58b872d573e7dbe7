import { z } from 'zod';
import type { CheckpointFile, CheckpointSource } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { sha256Hex } from '../../core/scan-ids';
import { showValue } from '../../core/show-value';
import { readJson } from '../read-json';
import type { TensorInfo } from './header';
import { openSafetensors, type TensorSource } from './open-safetensors';

export interface Weights extends TensorSource {
  /** SHA-256 of the weights file; of the `sha256sum`-style list of them when there are several. */
  sha256(): Promise<string>;
  close(): Promise<void>;
}

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

const indexSchema = z.object({
  // The Hub's shard names; nothing else may be opened on the word of a checkpoint.
  weight_map: z.record(z.string(), z.string().regex(/^[A-Za-z0-9._-]+\.safetensors$/, 'expected a safetensors file')),
});

/**
 * The weights of a checkpoint: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
 * @throws CHECKPOINT_INVALID when there are none, or only a pickle
 */
export const openWeights = async (source: CheckpointSource): Promise<Weights> => {
  const files = await source.list();
  if (files.includes(SINGLE_FILE)) return openFiles(source, [SINGLE_FILE]);
  if (files.includes(INDEX_FILE)) return openShards(source);
  const pickles = files.filter((file) => /\.(bin|pt|pth)$/.test(file)).sort();
  const pickle = pickles.find((file) => file.startsWith('pytorch_model')) ?? pickles[0];
  if (pickle === undefined) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected ${SINGLE_FILE} in the checkpoint, received none`);
  }
  throw new SulcusError(
    'CHECKPOINT_INVALID',
    `expected ${SINGLE_FILE}, received only ${showValue(pickle)}, a pickle that can run code when read. Convert it once, in ` +
      `the folder of the checkpoint (weights_only keeps it from running any): ${convertCommand(pickle)}`,
  );
};

/** Works for any architecture and for the shards of one model: it copies tensors and knows no class. */
const convertCommand = (pickle: string): string => {
  // The command gets pasted into a shell, so it quotes no name that could end the quotes.
  const name = /^[A-Za-z0-9._-]+$/.test(pickle) ? pickle : 'pytorch_model.bin';
  const files = name.startsWith('pytorch_model-') ? 'pytorch_model-*.bin' : name;
  return (
    'python -c "import glob, torch, safetensors.torch as s; ' +
    `s.save_file({k: v.contiguous() for f in glob.glob('${files}') ` +
    "for k, v in torch.load(f, 'cpu', weights_only=True).items()}, " +
    `'${SINGLE_FILE}', {'format': 'pt'})"`
  );
};

const openShards = async (source: CheckpointSource): Promise<Weights> => {
  const parsed = indexSchema.safeParse(await readJson(source, INDEX_FILE));
  if (!parsed.success) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected a weight_map of shard names in ${INDEX_FILE}`, {
      cause: parsed.error,
    });
  }
  const { weight_map: shardOf } = parsed.data;
  const weights = await openFiles(source, [...new Set(Object.values(shardOf))].sort());
  for (const [name, shard] of Object.entries(shardOf)) {
    if (weights.fileOf(name) !== shard) {
      await weights.close();
      throw new SulcusError('CHECKPOINT_INVALID', `expected tensor ${showValue(name)} in ${shard}, received none`);
    }
  }
  return weights;
};

interface OpenedFiles extends Weights {
  /** Name of the file that has the tensor. */
  fileOf(tensor: string): string | undefined;
}

const openFiles = async (source: CheckpointSource, names: readonly string[]): Promise<OpenedFiles> => {
  const files: CheckpointFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(files.splice(0).map((file) => file.close()));
  };
  try {
    const shardOf = new Map<string, { readonly file: string; readonly shard: TensorSource }>();
    const tensors = new Map<string, TensorInfo>();
    for (const name of names) {
      const file = await source.open(name);
      files.push(file);
      const shard = await openSafetensors(file);
      for (const [tensor, info] of shard.tensors) {
        if (tensors.has(tensor)) {
          throw new SulcusError(
            'CHECKPOINT_INVALID',
            `expected tensor ${showValue(tensor)} in one shard, received it in two`,
          );
        }
        tensors.set(tensor, info);
        shardOf.set(tensor, { file: name, shard });
      }
    }
    return {
      tensors,
      read: async (name) => {
        const found = shardOf.get(name);
        if (found !== undefined) return found.shard.read(name);
        throw new SulcusError('CHECKPOINT_INVALID', `expected a tensor named ${name}, received none`);
      },
      fileOf: (tensor) => shardOf.get(tensor)?.file,
      sha256: () => hashFiles(names, files),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const hashFiles = async (names: readonly string[], files: readonly CheckpointFile[]): Promise<string> => {
  const hashes = await Promise.all(files.map((file) => file.sha256()));
  const [only] = hashes;
  return hashes.length === 1 && only !== undefined
    ? only
    : sha256Hex(hashes.map((hash, index) => `${hash}  ${names[index]}\n`).join(''));
};
