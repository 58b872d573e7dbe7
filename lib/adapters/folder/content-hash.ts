import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { openObject } from './object-path';

const CHUNK_BYTES = 256 * 1024;

/** What a file's content is called, as an ETag names an object's: the SHA-256, hex. */
export const etagOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The ETag of a file without holding it in memory.
 * @throws SCAN_NOT_FOUND when there is no such file; the system's error when it cannot be read
 */
export const readEtag = async (root: string, key: string): Promise<string> => {
  const handle = await openObject(root, key);
  try {
    return await hash(handle);
  } finally {
    await handle.close();
  }
};

const hash = async (handle: FileHandle): Promise<string> => {
  const digest = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return digest.digest('hex');
    digest.update(chunk.subarray(0, bytesRead));
  }
};
