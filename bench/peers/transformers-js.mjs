// The peer of the benchmark in a process of its own: the real transformers.js image-classification pipeline.
// argv: <model folder> <image file> <threads>. Sends {ready}, then for each message one {ms} of a warm call.
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

const [folder, image, threads] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);

const classify = await pipeline('image-classification', basename(folder), {
  dtype: 'q8',
  device: 'cpu',
  session_options: { intraOpNumThreads: Number(threads), interOpNumThreads: 1 },
});
const call = () => classify(image, { top_k: 4 });
const result = await call();

process.on('message', async () => {
  const start = performance.now();
  await call();
  process.send({ ms: performance.now() - start });
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true, result });
