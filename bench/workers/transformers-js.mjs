// The real transformers.js image-classification pipeline, on local files.
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { env, pipeline, RawImage, Tensor } from '@huggingface/transformers';
import { serve, toPixelValues } from './serve.mjs';

const settings = JSON.parse(process.argv[2]);
env.allowRemoteModels = false;
env.localModelPath = dirname(settings.model);

const classify = await pipeline('image-classification', basename(settings.model), {
  dtype: settings.dtype,
  device: 'cpu',
  session_options: { intraOpNumThreads: settings.threads, interOpNumThreads: 1 },
});
const [height, width] = settings.size;
let input;
await serve(settings, {
  versions: { 'transformers.js': env.version, node: process.versions.node },
  prepare: async (path) => {
    const values = toPixelValues(await readFile(path), settings.processor);
    input = { pixel_values: new Tensor('float32', values, [1, 3, height, width]) };
  },
  session: async () => (await classify.model(input)).logits.data,
  image: async (path) => (await classify(path, { top_k: 4 })).map(({ score }) => score),
  logits: async (path) => (await classify.model(await classify.processor(await RawImage.read(path)))).logits.data,
});
