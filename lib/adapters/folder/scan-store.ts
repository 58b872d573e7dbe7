import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isSulcusError, SulcusError } from '../../core/errors';
import type { ScanStore } from '../../core/ports';
import { etagOf } from './content-hash';
import { FOLDER_BUCKET, gone, isAbsent, isObjectKey, openObject, pathOfKey } from './object-path';
import type { UploadTickets } from './upload-tickets';

export interface FolderScanStoreOptions {
  /** Absolute path of the folder that is the bucket. */
  readonly root: string;
  readonly tickets: UploadTickets;
}

export interface FolderScanStore extends ScanStore {
  /**
   * Puts an object: whoever looks sees the old content or the new, never a part, and what is answered survives a
   * power cut.
   * @throws IMAGE_TOO_LARGE over `maxBytes`, STORE_UNAVAILABLE when the disk or the source fails
   */
  write(key: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<void>;
  /** Removes what uploads that broke off have left. */
  clean(): Promise<void>;
}

/** Uploads grow here, on the same file system as the objects (rename needs that); names with a dot are no objects. */
const INCOMING = '.incoming';

const unavailable = (cause: unknown, what: string): SulcusError =>
  new SulcusError('STORE_UNAVAILABLE', `expected to ${what} the scan folder, received a failure`, { cause });

const tooLarge = (maxBytes: number, sizeBytes: number): SulcusError =>
  new SulcusError('IMAGE_TOO_LARGE', `expected an object of at most ${maxBytes} bytes, received ${sizeBytes} or more`);

/** A folder as the bucket `scan-folder`: key = relative POSIX path, ETag = SHA-256 of the content, no versions. */
export const createFolderScanStore = ({ root, tickets }: FolderScanStoreOptions): FolderScanStore => ({
  read: async ({ bucket, key, etag }, maxBytes) => {
    if (bucket !== FOLDER_BUCKET) throw gone(new Error('another bucket'));
    try {
      return await readObject(root, key, etag, maxBytes);
    } catch (error) {
      throw isSulcusError(error) ? error : unavailable(error, 'read a file of');
    }
  },
  createUpload: async (key, contentType) => tickets.issue(key, contentType),
  remove: async (bucket, key) => {
    if (bucket !== FOLDER_BUCKET || !isObjectKey(key)) return;
    try {
      // Below a symbolic link there is nothing of ours to remove.
      await (await openObject(root, key)).close();
      await unlink(pathOfKey(root, key));
    } catch (error) {
      if (!isAbsent(error) && !(isSulcusError(error) && error.code === 'SCAN_NOT_FOUND')) {
        throw unavailable(error, 'remove a file of');
      }
    }
  },
  write: (key, source, maxBytes) => writeObject(root, key, source, maxBytes),
  clean: () => rm(path.join(root, INCOMING), { recursive: true, force: true }),
});

const readObject = async (root: string, key: string, etag: string | null, maxBytes: number): Promise<Uint8Array> => {
  const handle = await openObject(root, key);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(maxBytes, size);
    // One more than the limit shows a file that grew meanwhile, without reading all of it.
    const bytes = Buffer.allocUnsafe(Math.min(size + 1, maxBytes + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    const content = bytes.subarray(0, length);
    if (etag !== null && etagOf(content) !== etag) throw gone(new Error('other content'));
    return content;
  } finally {
    await handle.close();
  }
};

const writeObject = async (
  root: string,
  key: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<void> => {
  const target = pathOfKey(root, key);
  const temporary = path.join(root, INCOMING, randomUUID());
  try {
    await Promise.all([temporary, target].map((file) => mkdir(path.dirname(file), { recursive: true })));
    await writeDurably(temporary, source, maxBytes);
    await keepOrder(temporary, target);
    await renameOver(temporary, target);
    await syncFolder(path.dirname(target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isSulcusError(error) ? error : unavailable(error, 'write to');
  }
};

const writeDurably = async (file: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<void> => {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(atMost(maxBytes, source));
    await handle.sync();
  } finally {
    await handle.close();
  }
};

async function* atMost(maxBytes: number, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes, sizeBytes);
    yield chunk;
  }
}

/** Modification times order the contents of a key, and clocks of file systems tick slowly: some every 4 ms. */
const keepOrder = async (next: string, current: string): Promise<void> => {
  const previous = await stat(current).catch(() => undefined);
  const written = await stat(next);
  if (previous === undefined || previous.mtimeMs < written.mtimeMs) return;
  await utimes(next, written.atime, (previous.mtimeMs + 1) / 1000);
};

/** Windows refuses to replace a file that somebody reads just now. */
const renameOver = async (from: string, to: string, attempts = 5): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (attempts <= 1 || (code !== 'EPERM' && code !== 'EACCES' && code !== 'EBUSY')) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await renameOver(from, to, attempts - 1);
  }
};

/** The new name itself must reach the disk; Windows has no such call and does it by itself. */
const syncFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Not every system lets folders be opened; the file's own bytes are safe.
  }
};
