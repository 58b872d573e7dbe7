import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SulcusError } from '../../core/errors';
import { BESIDE_FOLDER } from '../../core/model-manifest';

/**
 * Folders of the bundles that were staged beside the one in `folder`, in the order of the configuration.
 * @throws MODEL_UNAVAILABLE when the folder cannot be read
 */
export const bundlesBeside = async (folder: string): Promise<string[]> => {
  try {
    const names = await readdir(join(folder, BESIDE_FOLDER));
    return names.toSorted((a, b) => Number(a) - Number(b)).map((name) => join(folder, BESIDE_FOLDER, name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SulcusError('MODEL_UNAVAILABLE', 'expected readable model bundles, received a failing disk', { cause });
  }
};
