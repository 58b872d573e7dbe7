import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';
import { isObjectKey, keyOfPath } from '../adapters/folder';

export interface SeenFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** When name, content or metadata last changed, which no program can set. */
  readonly ctimeMs: number;
}

/** Results beside scans; names that programs give to files that are not finished or not scans; dot files are what they hide. */
const IGNORED =
  /^\.|~$|^~\$|\.(sulcus\.json|part|partial|crdownload|download|tmp|temp|filepart|swp)$|^(thumbs\.db|desktop\.ini)$/i;

export const isIgnored = (relativePath: string): boolean =>
  relativePath.split(path.sep).some((name) => IGNORED.test(name));

export const seenFile = (key: string, { size, mtimeMs, ctimeMs }: Stats): SeenFile => ({
  key,
  sizeBytes: size,
  mtimeMs,
  ctimeMs,
});

/**
 * Every plain file below a folder that can be a scan, folder by folder in the order of their names; links are not
 * followed. What goes while it is listed is left out.
 */
export async function* listFiles(root: string, folder = ''): AsyncGenerator<SeenFile> {
  const names: string[] = [];
  for await (const { name } of await opendir(path.join(root, folder))) if (!isIgnored(name)) names.push(name);
  for (const name of names.sort()) {
    const relativePath = path.join(folder, name);
    const stats = await lstat(path.join(root, relativePath)).catch(() => undefined);
    if (stats?.isDirectory()) yield* listFiles(root, relativePath);
    else if (stats?.isFile() && isObjectKey(keyOfPath(relativePath))) yield seenFile(keyOfPath(relativePath), stats);
  }
}
