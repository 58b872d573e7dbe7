import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CheckpointFile, CheckpointSource } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';

/**
 * A checkpoint folder as the compiler reads it: files opened by name, ranges read on demand.
 * @throws CHECKPOINT_INVALID when the folder cannot be read
 */
export const openCheckpointFolder = async (folder: string): Promise<CheckpointSource> => {
  const name = basename(resolve(folder));
  let files: string[];
  try {
    files = await readdir(folder);
  } catch (cause) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected a readable checkpoint folder, received ${name}`, { cause });
  }
  return { name, list: async () => files, open: (file) => openFile(folder, file) };
};

const openFile = async (folder: string, name: string): Promise<CheckpointFile> => {
  const path = join(folder, name);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const stats = await handle.stat();
    if (stats.isFile()) return checkpointFile(name, path, handle, stats.size);
  } catch (cause) {
    await handle?.close();
    throw new SulcusError('CHECKPOINT_INVALID', `expected a readable file ${name} in the checkpoint, received none`, {
      cause,
    });
  }
  await handle.close();
  throw new SulcusError('CHECKPOINT_INVALID', `expected a file for ${name} in the checkpoint, received a folder`);
};

const checkpointFile = (name: string, path: string, handle: FileHandle, sizeBytes: number): CheckpointFile => ({
  sizeBytes,
  read: async (offset, length) => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await readRange(name, handle, bytes.subarray(done), offset + done);
      if (bytesRead === 0) {
        throw new SulcusError(
          'CHECKPOINT_INVALID',
          `expected ${length} bytes at ${offset} of ${name}, received ${done}`,
        );
      }
      done += bytesRead;
    }
    return bytes;
  },
  sha256: async () => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
    return hash.digest('hex');
  },
  close: () => handle.close(),
});

const readRange = async (name: string, handle: FileHandle, into: Uint8Array, position: number) => {
  try {
    return await handle.read(into, 0, into.length, position);
  } catch (cause) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected a readable file ${name}, received a failing disk`, { cause });
  }
};
