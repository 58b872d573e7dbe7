import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { etagOf, readEtag } from '../adapters/folder';
import { LIMITS } from '../topology';
import type { SeenFile } from './seen-file';

export interface CreatedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly sequencer: string;
  /** ISO 8601. */
  readonly eventTime: string;
}

/** Microseconds since the epoch in hexadecimal: what orders the contents of one name here. */
const sequencerOf = ({ mtimeMs }: SeenFile): string =>
  Math.max(0, Math.round(mtimeMs * 1000))
    .toString(16)
    .padStart(16, '0');

/** A content that is gone or too large to be worth reading still gets an ETag, for whoever reads it to reject. */
const etagFor = async (root: string, { key, sizeBytes, mtimeMs }: SeenFile): Promise<string> => {
  const unread = etagOf(Buffer.from(`unread:${sizeBytes}:${mtimeMs}`));
  if (sizeBytes > LIMITS.uploadBytes) return unread;
  return readEtag(root, key).catch(() => unread);
};

/**
 * A file as the object it stands for: whoever describes it, the same scan in the same place among the events of its
 * key. Undefined when it has changed since it was seen.
 */
export const describeFile = async (root: string, file: SeenFile, now: number): Promise<CreatedObject | undefined> => {
  const { key, sizeBytes, mtimeMs, ctimeMs } = file;
  const etag = await etagFor(root, file);
  const current = await lstat(path.join(root, key)).catch(() => undefined);
  if (current !== undefined && (current.mtimeMs !== mtimeMs || current.size !== sizeBytes)) return undefined;
  const eventTime = new Date(Math.min(now, Math.max(mtimeMs, ctimeMs))).toISOString();
  return { key, sizeBytes, etag, sequencer: sequencerOf(file), eventTime };
};
