import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, constants, copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface FileEntry {
  /** Relative to the listed folder, with `/` on every platform. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** Every file below a folder, sorted by path; links are followed, so what is listed is what gets copied. */
export const listFiles = async (folder: string): Promise<FileEntry[]> => {
  const found: FileEntry[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const name of await readdir(join(folder, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      const facts = await stat(join(folder, path));
      if (facts.isDirectory()) await walk(path);
      else found.push({ path, sizeBytes: facts.size });
    }
  };
  await walk('');
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
};

export const totalBytes = (files: readonly FileEntry[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0);

/** One hash for paths and sizes: cheap, and enough to see that a staged folder is whole. */
export const hashListing = (files: readonly FileEntry[]): string =>
  createHash('sha256')
    .update(files.map((file) => `${file.sizeBytes} ${file.path}\n`).join(''))
    .digest('hex');

/** Read in pieces: weights may be larger than memory, or than the 2 GiB that one read can take. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
};

/**
 * Copies one file, sharing blocks where the file system can, and makes it readable for everyone: Lambda runs as
 * another user, and the mode of the checkout (umask 077, say) goes into the zip.
 */
export const copyReadable = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o644);
};
