import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createImageDecoder } from '../lib/adapters/image';
import { openModel } from '../lib/adapters/onnx';
import { classifyScan } from '../lib/core/classify-scan';
import { imageToPixels } from '../lib/core/image-processor';
import { startServer, withTemporaryFolder } from './local-server';

/**
 * `npm run bench:api`: what one scan costs by the way it comes, session, use case and HTTP API, interleaved in one run so
 * that other load hits all alike.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'layers/model' },
    image: { type: 'string', default: 'test/fixtures/icbm152-axial.jpg' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '60' },
  },
});
const threads = Number(values.threads);

interface Contestant {
  readonly name: string;
  readonly once: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

const nothing = async (): Promise<void> => {};

const inProcess = async (bytes: Uint8Array): Promise<Contestant[]> => {
  const model = await openModel(resolve(values.model), { threads });
  const decoder = createImageDecoder();
  const image = await decoder.decode(bytes);
  const pixels = imageToPixels(image, model.imageProcessor);
  image.dispose();
  const deps = { decoder, model: async () => model };
  return [
    { name: 'session alone', once: () => timed(() => model.run({ pixels }, ['logits'])), stop: nothing },
    {
      name: 'classifyScan (file bytes in, scores out)',
      once: () => timed(() => classifyScan(deps, bytes)),
      stop: nothing,
    },
  ];
};

const httpApi = async (bytes: Uint8Array, folder: string): Promise<Contestant> => {
  const server = await startServer(folder, ['--model', resolve(values.model), '--threads', String(threads)]);
  const init = { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: bytes as Uint8Array<ArrayBuffer> };
  return {
    name: 'HTTP API (POST /v1/classify, stored)',
    once: () => timed(async () => (await server.call('/v1/classify', init)).arrayBuffer()),
    stop: () => server.stop(),
  };
};

const WARM_UP = 5;
const PAUSE_MS = 20;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;

const main = async (folder: string): Promise<void> => {
  const bytes = readFileSync(values.image);
  const contestants = [...(await inProcess(bytes)), await httpApi(bytes, folder)];
  const samples = contestants.map((): number[] => []);
  for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      // There and back, with a pause: whoever comes right after another meets its threads still spinning.
      const index = round % 2 === 0 ? turn : contestants.length - 1 - turn;
      await delay(PAUSE_MS);
      const ms = await contestants[index]?.once();
      if (round >= 0 && ms !== undefined) samples[index]?.push(ms);
    }
  }
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} vCPU, Node ${process.version}, ${threads} thread(s), ${values.rounds} rounds interleaved, ${values.image}\n`,
  );
  console.log('| per scan | p50 ms | min ms | p95 ms |\n|---|---|---|---|');
  for (const [index, { name }] of contestants.entries()) {
    const sorted = [...(samples[index] ?? [])].sort((a, b) => a - b);
    console.log(`| ${name} | ${[0.5, 0, 0.95].map((q) => quantile(sorted, q).toFixed(1)).join(' | ')} |`);
  }
  for (const contestant of contestants) await contestant.stop();
};

withTemporaryFolder(main).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
