import { readFile } from 'node:fs/promises';
import { createImageDecoder } from '../../lib/adapters/image';
import { openModel } from '../../lib/adapters/onnx';
import { classifyScan } from '../../lib/core/classify-scan';
import { imageToPixels } from '../../lib/core/image-processor';
import { serve } from './serve.mjs';

/** Sulcus as its functions run it: one bundled file, the model opened from its folder, the use case called on file bytes. */
const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly model: string;
  readonly image: string;
  readonly threads: number;
  readonly prepack: boolean;
};
const decoder = createImageDecoder();

const main = async () => {
  const model = await openModel(settings.model, { threads: settings.threads, prepack: settings.prepack });
  const deps = { decoder, model: async () => model };
  const run = async (pixels: Uint8Array) => (await model.run({ pixels }, ['logits'])).logits;
  let prepared = new Uint8Array();
  await serve(settings, {
    versions: { node: process.versions.node, compiler: model.manifest.source.compiler },
    prepare: async (path: string) => {
      prepared = new Uint8Array(await readFile(path));
    },
    session: () => run(prepared),
    image: async (path: string) => (await classifyScan(deps, await readFile(path))).scores.map(({ score }) => score),
    logits: async (path: string) => {
      const image = await decoder.decode(await readFile(path));
      try {
        return await run(imageToPixels(image, model.imageProcessor));
      } finally {
        image.dispose();
      }
    },
  });
};

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
