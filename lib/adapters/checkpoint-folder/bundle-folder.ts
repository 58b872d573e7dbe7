import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BundleSink, BundleWriter } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { MANIFEST_FILE } from '../../core/model-manifest';

/** What a compile writes; everything else in a bundle's folder (a model card, say) is its owner's and stays. */
const BUNDLE_ENTRIES: readonly string[] = [MANIFEST_FILE, 'config.json', 'preprocessor_config.json', 'onnx'];

/**
 * A bundle folder that appears all at once: files are written to a hidden folder beside it, which takes its name at
 * `commit`. An earlier bundle is replaced, other files in its folder are kept.
 * @throws CONFIG_INVALID when the folder holds something that is not a bundle, or cannot be written
 */
export const createBundleFolder = async (folder: string): Promise<BundleSink> => {
  const target = resolve(folder);
  const suffix = randomBytes(6).toString('hex');
  const staging = join(dirname(target), `.${basename(target)}.${suffix}.partial`);
  const earlier = await listEarlier(target);
  try {
    await mkdir(staging, { recursive: true });
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected a folder that can be written for the bundle', { cause });
  }
  const writing = new Set<FileHandle>();
  return {
    create: (path) => createFile(join(staging, path), path, writing),
    locate: (path) => join(staging, path),
    discard: async (path) => {
      await rm(join(staging, path), { force: true });
      const parent = dirname(join(staging, path));
      if (parent !== staging && (await readdir(parent)).length === 0) await rm(parent, { recursive: true });
    },
    commit: async () => {
      if (earlier === undefined) return rename(staging, target);
      const kept = earlier.filter((entry) => !BUNDLE_ENTRIES.includes(entry));
      for (const entry of kept) await rename(join(target, entry), join(staging, entry));
      const replaced = join(dirname(target), `.${basename(target)}.${suffix}.replaced`);
      await rename(target, replaced);
      await rename(staging, target);
      await rm(replaced, { recursive: true, force: true });
    },
    abort: async () => {
      // Windows removes no open file.
      await Promise.all([...writing].map((handle) => handle.close()));
      writing.clear();
      await rm(staging, { recursive: true, force: true });
    },
  };
};

/** Entries of a folder that may be replaced, undefined when there is none. */
const listEarlier = async (target: string): Promise<string[] | undefined> => {
  if (!existsSync(target)) return undefined;
  let entries: string[];
  try {
    entries = await readdir(target);
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected a folder for the bundle, received a file', { cause });
  }
  if (entries.length === 0 || entries.includes(MANIFEST_FILE)) return entries;
  throw new SulcusError(
    'CONFIG_INVALID',
    'expected a new folder, an empty one or an earlier bundle for the bundle, received a folder with other files',
  );
};

const createFile = async (file: string, path: string, writing: Set<FileHandle>): Promise<BundleWriter> => {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, 'w');
  writing.add(handle);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return {
    write: async (bytes) => {
      hash.update(bytes);
      sizeBytes += bytes.length;
      await handle.appendFile(bytes);
    },
    close: async () => {
      await handle.sync();
      await handle.close();
      writing.delete(handle);
      return { path, sizeBytes, sha256: hash.digest('hex') };
    },
  };
};
