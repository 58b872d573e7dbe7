import { readFile, stat } from 'node:fs/promises';
import { createImageDecoder } from '../adapters/image';
import { PROBE_IMAGES, type ProbeImages } from '../compiler';
import { isSulcusError, SulcusError } from '../core/errors';
import { type ImageProcessorConfig, imageToPixels } from '../core/image-processor';
import { findFiles } from './find-files';

/**
 * At most 16 images of a folder, as the model takes them: evenly spaced among its files by name, so that the same folder
 * gives the same ones.
 * @throws INVALID_REQUEST when it is no folder, holds no images or one that cannot be decoded
 */
export const readProbeFolder = async (folder: string, processor: ImageProcessorConfig): Promise<ProbeImages> => {
  if (!(await isFolder(folder))) {
    throw new SulcusError('INVALID_REQUEST', `expected a folder of images for --calibrate, received ${folder}`);
  }
  const files = await findFiles([folder]);
  const chosen = spread(files, PROBE_IMAGES);
  const decoder = createImageDecoder();
  const pixels: Uint8Array[] = [];
  for (const file of chosen) {
    try {
      const image = await decoder.decode(await readFile(file));
      try {
        pixels.push(imageToPixels(image, processor));
      } finally {
        image.dispose();
      }
    } catch (cause) {
      const reason = isSulcusError(cause) ? `${cause.code}: ${cause.message}` : String(cause);
      throw new SulcusError(
        'INVALID_REQUEST',
        `expected readable images for --calibrate, received ${file} (${reason})`,
        {
          cause,
        },
      );
    }
  }
  return { kind: 'calibration folder', pixels };
};

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};

/** At most `count` of the items, in order and evenly spaced. */
const spread = <T>(items: readonly T[], count: number): T[] => {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(items.length, count) }, (_, index) => items[Math.floor(index * step)] as T);
};
