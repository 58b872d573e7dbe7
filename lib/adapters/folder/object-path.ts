import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { SulcusError } from '../../core/errors';

/** A folder stands for one bucket, and this is its name. */
export const FOLDER_BUCKET = 'scan-folder';

/** S3's limit in UTF-8 bytes; a deeper path could not be an object. */
const MAX_KEY_BYTES = 1024;

/** Codes of a path that leads to no file of ours: gone, or not a plain file without symbolic links on the way. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'EMLINK']);

export const isAbsent = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && ABSENT.has(String(error.code));

/**
 * True for a key that is a relative POSIX path of plain names: nothing that could lead outside the folder, on Windows
 * either, where a backslash separates and a colon names a drive or a stream.
 */
export const isObjectKey = (key: string): boolean =>
  key !== '' &&
  !key.includes('\0') &&
  // Windows lets names hold half a surrogate pair, which UTF-8 and so S3 cannot.
  Buffer.from(key).toString() === key &&
  Buffer.byteLength(key) <= MAX_KEY_BYTES &&
  key.split('/').every((name) => name !== '' && name !== '.' && name !== '..') &&
  (path.sep === '/' || !/[\\:]/.test(key));

/** Key of a path relative to the folder, as the operating system writes it. */
export const keyOfPath = (relativePath: string): string => relativePath.split(path.sep).join('/');

/** Absolute path of a key. @throws SCAN_NOT_FOUND for a key that is no path inside the folder */
export const pathOfKey = (root: string, key: string): string => {
  if (!isObjectKey(key)) throw gone(new Error('the key is no relative path of plain names'));
  return path.join(root, ...key.split('/'));
};

export const gone = (cause: unknown): SulcusError =>
  new SulcusError('SCAN_NOT_FOUND', 'expected the uploaded object, received nothing: it is gone or replaced', {
    cause,
  });

/**
 * Opens the plain file of a key for reading, following no symbolic link below the folder.
 * @throws SCAN_NOT_FOUND when there is none; the system's error otherwise
 */
export const openObject = async (root: string, key: string): Promise<FileHandle> => {
  const file = pathOfKey(root, key);
  try {
    const [realRoot, realFolder] = await Promise.all([realpath(root), realpath(path.dirname(file))]);
    if (realFolder !== path.join(realRoot, path.dirname(path.relative(root, file)))) {
      throw gone(new Error('a symbolic link is on the way'));
    }
    // O_NONBLOCK: opening a named pipe would otherwise wait for its writer. Windows knows neither flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw gone(new Error('not a plain file'));
  } catch (error) {
    throw isAbsent(error) ? gone(error) : error;
  }
};
