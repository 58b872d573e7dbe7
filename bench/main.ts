import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createImageDecoder } from '../lib/adapters/image';
import { openModel } from '../lib/adapters/onnx';
import { classifyScan } from '../lib/core/classify-scan';
import { imageToPixels } from '../lib/core/image-processor';

/**
 * `npm run bench`: what one scan costs, part by part and beside the peer, interleaved in one run so that other load
 * hits all alike. `-- --peer-model <folder>` adds the real transformers.js (bench/peers/make_q8.py makes the folder).
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'layers/model' },
    image: { type: 'string', default: 'test/fixtures/icbm152-axial.jpg' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '60' },
    'peer-model': { type: 'string' },
  },
});
const threads = Number(values.threads);
const root = resolve(__dirname, '..');

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
    { name: 'session alone', once: () => timed(() => model.run(pixels)), stop: nothing },
    {
      name: 'classifyScan (file bytes in, scores out)',
      once: () => timed(() => classifyScan(deps, bytes)),
      stop: nothing,
    },
  ];
};

const httpApi = async (bytes: Uint8Array): Promise<Contestant> => {
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-bench-'));
  const server = fork(
    join(root, 'bin/sulcus.js'),
    ['start', '--port', '0', '--data-dir', folder, '--model', resolve(values.model)],
    {
      silent: true,
      env: { ...process.env, SULCUS_THREADS: String(threads) },
    },
  );
  const endpointFile = join(folder, 'endpoint.json');
  while (!existsSync(endpointFile)) await delay(50);
  const { url, apiKey } = JSON.parse(readFileSync(endpointFile, 'utf8')) as { url: string; apiKey: string };
  const call = async () => {
    const response = await fetch(`${url}/v1/classify`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'image/jpeg' },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
    if (!response.ok) throw new Error(`expected 200, received ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };
  return {
    name: 'HTTP API (POST /v1/classify, stored)',
    once: () => timed(call),
    stop: async () => {
      server.kill('SIGTERM');
      await new Promise((done) => server.once('exit', done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const reply = <T>(child: ChildProcess): Promise<T> =>
  new Promise((done, fail) => {
    child.once('message', (message) => done(message as T));
    child.once('exit', (code) => fail(new Error(`expected an answer from the peer, received exit code ${code}`)));
  });

const transformersJs = async (folder: string): Promise<Contestant> => {
  const args = [resolve(folder), resolve(values.image), String(threads)];
  const child = fork(join(root, 'bench/peers/transformers-js.mjs'), args, {
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  });
  await reply(child);
  return {
    name: 'transformers.js pipeline, q8 (file in, scores out)',
    once: async () => {
      const answer = reply<{ ms: number }>(child);
      child.send('once');
      return (await answer).ms;
    },
    stop: async () => {
      child.disconnect();
    },
  };
};

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;

const main = async (): Promise<void> => {
  const bytes = readFileSync(values.image);
  const contestants = [...(await inProcess(bytes)), await httpApi(bytes)];
  if (values['peer-model']) contestants.push(await transformersJs(values['peer-model']));
  const samples = contestants.map((): number[] => []);
  for (let round = -5; round < Number(values.rounds); round += 1) {
    for (const [index, contestant] of contestants.entries()) {
      const ms = await contestant.once();
      if (round >= 0) samples[index]?.push(ms);
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

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
