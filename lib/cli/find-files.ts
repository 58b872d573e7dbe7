import { stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { SulcusError } from '../core/errors';

const IMAGE_EXTENSIONS = ['png', 'jpg', 'jpeg', 'tif', 'tiff', 'webp', 'gif', 'avif'];

const globOptions = {
  onlyFiles: true,
  followSymbolicLinks: false,
  expandDirectories: false,
  caseSensitiveMatch: false,
};

const isFolder = async (path: string): Promise<boolean | undefined> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return undefined;
  }
};

/**
 * The scans a command line names: files as given, folders as the images below them (by extension, hidden ones left
 * out), anything else as a glob. Sorted within each argument, each file once.
 * @throws INVALID_REQUEST naming the argument that matches nothing
 */
export const findFiles = async (paths: readonly string[]): Promise<string[]> => {
  const found = new Set<string>();
  for (const path of paths) {
    const folder = await isFolder(path);
    const matches =
      folder === false
        ? [path]
        : folder === true
          ? (await glob(`**/*.{${IMAGE_EXTENSIONS.join(',')}}`, { ...globOptions, cwd: path })).map((name) =>
              join(path, name),
            )
          : isDynamicPattern(path)
            ? await glob(path.split(sep).join('/'), { ...globOptions, dot: true, absolute: isAbsolute(path) })
            : [];
    if (matches.length === 0) {
      const expected = folder
        ? `a folder with images (${IMAGE_EXTENSIONS.join(', ')})`
        : 'a file, folder or glob that matches';
      throw new SulcusError('INVALID_REQUEST', `expected ${expected}, received ${path}`);
    }
    for (const match of matches.sort()) found.add(match);
  }
  return [...found];
};
