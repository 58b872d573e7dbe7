import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openModel } from '../lib/adapters/onnx';
import { loadRuntime } from '../lib/adapters/onnx/load-runtime';
import { compileCheckpoint } from './compile-checkpoint';
import { describeMachine } from './machine';
import { MODEL_NAMES, type ModelSize, RECIPE, writeRandomCheckpoint } from './random-checkpoint';

/**
 * `npm run bench:prepack`: after how many scans a process has earned back the time that rearranging the weights took at
 * opening. `--prepare` only writes the models, so that measuring them later takes a quiet machine for a minute only.
 */
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'ti,s,b' },
    threads: { type: 'string', default: '1,2' },
    openings: { type: 'string', default: '9' },
    rounds: { type: 'string', default: '30' },
    cache: { type: 'string', default: join(tmpdir(), 'sulcus-bench-models') },
    prepare: { type: 'boolean', default: false },
    // One opening, timed in this process: what the bench starts anew for each.
    open: { type: 'string' },
    prepack: { type: 'boolean', default: false },
  },
});

/** The bundle of a random checkpoint, compiled once. */
const prepareBundle = async (size: ModelSize): Promise<string> => {
  const checkpoint = join(values.cache, `vit-${size}-recipe-${RECIPE}`);
  const bundle = join(values.cache, `prepack-${size}-recipe-${RECIPE}`);
  if (!existsSync(join(checkpoint, 'model.safetensors'))) writeRandomCheckpoint(size, checkpoint);
  if (!existsSync(join(bundle, 'manifest.json'))) await compileCheckpoint(checkpoint, bundle);
  return bundle;
};

const PIXELS = new Uint8Array(224 * 224 * 3).fill(90);
const infer = (model: Awaited<ReturnType<typeof openModel>>) => model.run({ pixels: PIXELS }, ['logits']);

/** Opening and first run in this process, the runtime's library being loaded already. */
const timeOpening = async (bundle: string): Promise<void> => {
  loadRuntime();
  const start = performance.now();
  const model = await openModel(bundle, { threads: Number(values.threads), prepack: values.prepack });
  const opened = performance.now();
  await infer(model);
  const ran = performance.now();
  console.log(JSON.stringify({ open: opened - start, total: ran - start }));
  await model.dispose();
};

const median = (samples: readonly number[]): number =>
  [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;

interface Opening {
  readonly open: number;
  readonly total: number;
}

const openInNewProcess = (bundle: string, threads: number, prepack: boolean): Opening => {
  const args = ['--import', 'tsx', __filename, '--open', bundle, '--threads', String(threads)];
  const { stdout, stderr, status } = spawnSync(process.execPath, prepack ? [...args, '--prepack'] : args, {
    cwd: resolve(__dirname, '..'),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`expected an opening, received exit code ${status}: ${stderr}`);
  return JSON.parse(stdout);
};

/** Median ms of a warm run with and without prepacking, interleaved in this process. */
const warmRuns = async (bundle: string, threads: number): Promise<[number, number]> => {
  const models = [
    await openModel(bundle, { threads, prepack: true }),
    await openModel(bundle, { threads, prepack: false }),
  ];
  const samples: [number[], number[]] = [[], []];
  for (let round = -2; round < Number(values.rounds); round += 1) {
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      await delay(5);
      const start = performance.now();
      await infer(models[index]!);
      if (round >= 0) samples[index]!.push(performance.now() - start);
    }
  }
  for (const model of models) await model.dispose();
  return [median(samples[0]), median(samples[1])];
};

const row = async (name: string, bundle: string, threads: number): Promise<string> => {
  const openings: [Opening[], Opening[]] = [[], []];
  for (let turn = 0; turn < Number(values.openings); turn += 1) {
    for (const index of turn % 2 === 0 ? [0, 1] : [1, 0]) {
      openings[index]!.push(openInNewProcess(bundle, threads, index === 0));
    }
  }
  const [packedRun, plainRun] = await warmRuns(bundle, threads);
  const [packed, plain] = openings.map((kind) => ({
    open: median(kind.map(({ open }) => open)),
    total: median(kind.map(({ total }) => total)),
  })) as [Opening, Opening];
  const saved = packed.total - plain.total;
  const extra = plainRun - packedRun;
  const scans = saved <= 0 ? 0 : extra <= 0 ? Number.POSITIVE_INFINITY : 1 + saved / extra;
  const cells = [packed.open, plain.open, packed.total, plain.total, packedRun, plainRun].map((ms) => ms.toFixed(1));
  return `| ${name} | ${threads} | ${cells.join(' | ')} | ${Number.isFinite(scans) ? scans.toFixed(1) : 'never'} |`;
};

const COLUMNS = [
  'model',
  'threads',
  'open, prepacked ms',
  'open, not',
  'opening + first scan, prepacked ms',
  'not',
  'warm scan, prepacked ms',
  'not',
  'prepacking pays after scans',
];

const main = async (): Promise<void> => {
  if (values.open) return timeOpening(values.open);
  const sizes = values.models.split(',') as ModelSize[];
  const bundles: [string, string][] = [];
  for (const size of sizes) bundles.push([MODEL_NAMES[size], await prepareBundle(size)]);
  if (values.prepare) return;
  const { cpu, vcpus, instructions } = describeMachine();
  console.log(`${cpu}, ${vcpus} vCPU, ${instructions.join(' ')}, Node ${process.version}\n`);
  console.log(`| ${COLUMNS.join(' | ')} |\n|${'---|'.repeat(COLUMNS.length)}`);
  for (const [name, bundle] of bundles) {
    for (const threads of values.threads.split(',')) console.log(await row(name, bundle, Number(threads)));
  }
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
