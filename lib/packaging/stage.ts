import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type FileEntry, hashListing, listFiles } from './file-tree';

export interface StageRequest {
  readonly target: string;
  readonly stamps: string;
  /** Everything the content depends on, as text; the same key means the same content. */
  readonly key: string;
  readonly fill: (folder: string) => Promise<void>;
}

export interface Staged {
  readonly files: readonly FileEntry[];
  readonly upToDate: boolean;
}

const listIfThere = (folder: string): Promise<FileEntry[]> => listFiles(folder).catch(() => []);

/**
 * Fills a folder unless it already holds what the key stands for. It is filled beside its place and then renamed, so
 * an interrupted build never leaves half an asset that looks finished.
 */
export const stage = async ({ target, stamps, key, fill }: StageRequest): Promise<Staged> => {
  const stampFile = join(stamps, `${basename(target)}.stamp`);
  const before = await listIfThere(target);
  const stamp = await readFile(stampFile, 'utf8').catch(() => '');
  if (before.length > 0 && stamp === `${hashListing(before)}\n${key}`) return { files: before, upToDate: true };

  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await fill(partial);
  await rm(target, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  await rename(partial, target);

  const files = await listFiles(target);
  await mkdir(stamps, { recursive: true });
  await writeFile(stampFile, `${hashListing(files)}\n${key}`);
  return { files, upToDate: false };
};
