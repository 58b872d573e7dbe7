import { createBundleFolder } from '../../lib/adapters/checkpoint-folder';
import { openGraphSession } from '../../lib/adapters/onnx';
import { compileModel } from '../../lib/compiler';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from './tiny-vit';

/** Compiles a tiny checkpoint into a bundle folder named `tiny-vit`; takes some 100 ms. */
export const writeTinyBundle = async (
  folder: string,
  options: TinyVitOptions = {},
  version = '1.0.0',
): Promise<ModelManifest> =>
  compileModel({
    source: memorySource(tinyCheckpoint(options)),
    sink: await createBundleFolder(folder),
    name: 'tiny-vit',
    version,
    openSession: openGraphSession,
  });
