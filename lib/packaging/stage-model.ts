import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SulcusError } from '../core/errors';
import { BESIDE_FOLDER, MANIFEST_FILE, type ModelManifest, modelManifestSchema } from '../core/model-manifest';
import { assertDistinct } from '../core/served-models';
import { copyReadable, sha256OfFile } from './file-tree';
import { distOf, OPT } from './layout';
import { type Staged, stage } from './stage';

const COMPILE_HINT = 'Compile one: `npx sulcus compile <checkpoint folder> --out <bundle folder>`.';

const readManifest = async (folder: string, bundle: string): Promise<{ text: string; manifest: ModelManifest }> => {
  const text = await readFile(join(folder, MANIFEST_FILE), 'utf8').catch((cause: unknown) => {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected a model bundle with ${MANIFEST_FILE} in ${bundle}, received none. ${COMPILE_HINT}`,
      { cause },
    );
  });
  try {
    return { text, manifest: modelManifestSchema.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected a valid ${MANIFEST_FILE} in ${bundle}, received one that does not match its schema. ${COMPILE_HINT}`,
      { cause },
    );
  }
};

/** Hashes every file each time: a bundle that was cut short or edited must not reach a deployment. */
const verifyFiles = async (folder: string, manifest: ModelManifest): Promise<void> => {
  for (const { path, sha256 } of manifest.files) {
    const actual = await sha256OfFile(join(folder, path)).catch(() => 'no file');
    if (actual === sha256) continue;
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected ${path} of the model bundle with SHA-256 ${sha256}, received ${actual}. ${COMPILE_HINT}`,
    );
  }
};

/**
 * Stages dist/layers/model from bundles: of each the manifest and the files it names, nothing else that lies there.
 * @param bundle folder of the main one, relative to the checkout or absolute
 * @param beside folders of those served beside it, below its own
 * @throws CONFIG_INVALID when there is no bundle, a file differs from its manifest, or two have the same name and version
 */
export const stageModel = async (
  root: string,
  bundle = join('layers', 'model'),
  beside: readonly string[] = [],
): Promise<Staged> => {
  const dist = distOf(root);
  const bundles = await Promise.all(
    [bundle, ...beside].map(async (path, index) => {
      const source = resolve(root, path);
      const place = index === 0 ? OPT.model : join(OPT.model, BESIDE_FOLDER, String(index - 1));
      return { source, place, ...(await readManifest(source, path)) };
    }),
  );
  assertDistinct(bundles.map(({ manifest }) => manifest));
  for (const { source, manifest } of bundles) await verifyFiles(source, manifest);
  return stage({
    target: dist.modelLayer,
    stamps: dist.stamps,
    key: bundles.map(({ text }) => text).join('\n'),
    fill: async (folder) => {
      for (const { source, place, manifest } of bundles) {
        for (const path of [MANIFEST_FILE, ...manifest.files.map((file) => file.path)]) {
          await copyReadable(join(source, path), join(folder, place, path));
        }
      }
    },
  });
};
