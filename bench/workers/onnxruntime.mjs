// A dynamically quantized file in onnxruntime-node, as one would use it by hand: sharp decodes and resizes.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { serve, toPixelValues } from './serve.mjs';

const settings = JSON.parse(process.argv[2]);
const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
const session = await InferenceSession.create(settings.model, {
  intraOpNumThreads: settings.threads,
  interOpNumThreads: 1,
});
const [height, width] = settings.size;
const toInput = (pixels) => ({
  pixel_values: new Tensor('float32', toPixelValues(pixels, settings.processor), [1, 3, height, width]),
});
const run = async (input) => (await session.run(input)).logits.data;
const image = async (path) => {
  const resized = sharp(path).resize(width, height, { fit: 'fill', kernel: 'linear' });
  return run(toInput(await resized.toColourspace('srgb').removeAlpha().raw().toBuffer()));
};
let input;
await serve(settings, {
  versions: { 'onnxruntime-node': version, sharp: sharp.versions.sharp },
  prepare: async (path) => {
    input = toInput(await readFile(path));
  },
  session: () => run(input),
  image,
  logits: image,
});
