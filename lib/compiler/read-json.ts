import type { CheckpointSource } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';

/** ImageNet-21k's two label tables take 2 MB. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;

/**
 * The bytes of one of a checkpoint's small files.
 * @throws CHECKPOINT_INVALID when it is missing or absurdly large
 */
export const readSmallFile = async (source: CheckpointSource, name: string): Promise<Uint8Array> => {
  const file = await source.open(name);
  try {
    if (file.sizeBytes > MAX_JSON_BYTES) {
      throw new SulcusError(
        'CHECKPOINT_INVALID',
        `expected at most ${MAX_JSON_BYTES} bytes for ${name}, received ${file.sizeBytes}`,
      );
    }
    return await file.read(0, file.sizeBytes);
  } finally {
    await file.close();
  }
};

/** @throws CHECKPOINT_INVALID when the bytes are not UTF-8 JSON */
export const parseJson = (bytes: Uint8Array, name: string): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected JSON for ${name}, received something else`, { cause });
  }
};

/** @throws CHECKPOINT_INVALID when the file is missing, too large or no JSON */
export const readJson = async (source: CheckpointSource, name: string): Promise<unknown> =>
  parseJson(await readSmallFile(source, name), name);
