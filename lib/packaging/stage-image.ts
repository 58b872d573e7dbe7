import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerfileOf } from './base-image';
import { copyReadable, type FileEntry, listFiles, sha256OfFile } from './file-tree';
import { distOf, type FunctionName } from './layout';
import { type Staged, stage } from './stage';

/** The functions that ship as images: each a stage of the Dockerfile of its name, with `<name>/index.handler` as command. */
export const IMAGE_FUNCTIONS: readonly FunctionName[] = ['classify-api', 'classify-upload', 'backfill-scans'];

interface Source {
  readonly from: string;
  readonly to: string;
  readonly files: readonly FileEntry[];
}

/**
 * Stages dist/image, ready for `docker build`: the Dockerfile, the layers' payload below opt/ and the bundled handlers
 * below functions/. Built after them, from them.
 */
export const stageImage = async (root: string): Promise<Staged> => {
  const dist = distOf(root);
  const folders = [
    { from: dist.nativeRuntimeLayer, to: 'opt' },
    { from: dist.modelLayer, to: 'opt' },
    ...IMAGE_FUNCTIONS.map((name) => ({ from: dist.functions(name), to: `functions/${name}` })),
  ];
  const sources: Source[] = [];
  for (const folder of folders) {
    // Maps are for whoever reads a stack trace later, beside the layers' functions; nothing loads them at run time.
    const files = (await listFiles(folder.from)).filter((file) => !file.path.endsWith('.map'));
    sources.push({ ...folder, files });
  }

  const dockerfile = dockerfileOf(root);
  const stamps = ['native-runtime', 'model'].map((name) => readFile(join(dist.stamps, `${name}.stamp`), 'utf8'));
  const bundles = IMAGE_FUNCTIONS.map((name) => sha256OfFile(join(dist.functions(name), 'index.js')));
  const key = [await sha256OfFile(dockerfile), ...(await Promise.all([...stamps, ...bundles]))].join('\n');
  return stage({
    target: dist.image,
    stamps: dist.stamps,
    key,
    fill: async (folder) => {
      await copyReadable(dockerfile, join(folder, 'Dockerfile'));
      for (const { from, to, files } of sources) {
        for (const { path } of files) await copyReadable(join(from, path), join(folder, to, path));
      }
    },
  });
};
