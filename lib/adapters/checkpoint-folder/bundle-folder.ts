import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CALIBRATION_FILE } from '../../core/calibration/calibration-schema';
import type { BundleSink, BundleWriter } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { MANIFEST_FILE } from '../../core/model-manifest';

/** What a compile writes; everything else in a bundle's folder (a model card, say) is its owner's and stays. */
const BUNDLE_ENTRIES: readonly string[] = [
  MANIFEST_FILE,
  CALIBRATION_FILE,
  'config.json',
  'preprocessor_config.json',
  'onnx',
];

/**
 * A bundle folder that appears all at once: files are written to a hidden folder beside it, which takes its name at
 * `commit`. An earlier bundle is replaced, other files in its folder are kept.
 * @throws CONFIG_INVALID when the folder holds something that is not a bundle, or cannot be written
 */
export const createBundleFolder = async (folder: string): Promise<BundleSink> => {
  // A link to a bundle is followed, so that it goes on pointing at the bundle.
  const target = existsSync(folder) ? await realpath(folder) : resolve(folder);
  const suffix = randomBytes(6).toString('hex');
  const staging = join(dirname(target), `.${basename(target)}.${suffix}.partial`);
  await requireReplaceable(target);
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
      await requireReplaceable(target);
      try {
        await replaceFolder(target, staging, join(dirname(target), `.${basename(target)}.${suffix}.replaced`));
      } catch (cause) {
        throw new SulcusError('CONFIG_INVALID', 'expected a folder that the bundle can replace', { cause });
      }
    },
    abort: async () => {
      // Windows removes no open file.
      await Promise.all([...writing].map((handle) => handle.close()));
      writing.clear();
      await rm(staging, { recursive: true, force: true });
    },
  };
};

const requireReplaceable = async (target: string): Promise<void> => {
  if (!existsSync(target)) return;
  let entries: string[];
  try {
    entries = await readdir(target);
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected a folder for the bundle, received a file', { cause });
  }
  if (entries.length === 0 || entries.includes(MANIFEST_FILE)) return;
  throw new SulcusError(
    'CONFIG_INVALID',
    'expected a new folder, an empty one or an earlier bundle for the bundle, received a folder with other files',
  );
};

/**
 * What is not of a bundle moves over last, out of the folder put aside, never into the one that an abort removes: however
 * this fails, the owner's files are still there.
 */
const replaceFolder = async (target: string, staging: string, aside: string): Promise<void> => {
  if (!existsSync(target)) return rename(staging, target);
  await rename(target, aside);
  try {
    await rename(staging, target);
  } catch (error) {
    await rename(aside, target);
    throw error;
  }
  for (const entry of await readdir(aside)) {
    if (!BUNDLE_ENTRIES.includes(entry)) await rename(join(aside, entry), join(target, entry));
  }
  await rm(aside, { recursive: true, force: true });
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
