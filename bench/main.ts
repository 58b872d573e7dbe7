import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readManifest } from './compile-checkpoint';
import { bundleWorker, type Contender, type ContenderId, contendersOf, referenceOf } from './contenders';
import { describeMachine } from './machine';
import { type LogitErrors, measureCold, measureErrors, measureWarm, type Runnable } from './measure';
import { type BenchOptions, readOptions } from './options';
import { type BenchModel, prepareModels, toolVersions } from './prepare-models';
import { MODEL_NAMES } from './random-checkpoint';
import { evaluateTargets, type Row, renderRows, renderTargets } from './report';
import { canPin } from './worker-process';

/** `npm run bench`: one table, one run. What it measures and how: bench/README.md. */
const isRunnable = (contender: Contender): contender is Runnable => 'launch' in contender;

type Versions = Map<string, string>;

/** Without Python there is no independent fp32 graph; the compiler's own comparison stands in for ours. */
const errorsOf = async (
  model: BenchModel,
  worker: string,
  options: BenchOptions,
): Promise<Map<ContenderId, Partial<LogitErrors>>> => {
  // Logits do not depend on threads, time does.
  const threads = availableParallelism();
  const situation = { model, threads, worker, options };
  const runnable = contendersOf(situation).filter(isRunnable);
  const reference = referenceOf(situation);
  if (isRunnable(reference)) return measureErrors(runnable, reference, threads, model.images);
  const sessionError = readManifest(model.bundle).parity.meanLogitDifference ?? undefined;
  return new Map(runnable.map(({ id }) => [id, { sessionError }]));
};

const measureModel = async (
  model: BenchModel,
  worker: string,
  options: BenchOptions,
  versions: Versions,
): Promise<Row[]> => {
  const errors = await errorsOf(model, worker, options);
  const rows: Row[] = [];
  for (const [name, version] of Object.entries(toolVersions(model))) versions.set(name, version);
  for (const threads of options.threads) {
    console.error(`measuring ${model.name}, ${threads} thread(s) ...`);
    const contenders = contendersOf({ model, threads, worker, options });
    const runnable = contenders.filter(isRunnable);
    const warm = await measureWarm(runnable, threads, model.images, options.rounds);
    const cold = await measureCold(runnable, threads, options.coldStarts);
    for (const contender of contenders) {
      const { id } = contender;
      const { versions: found = {}, ...figures } = warm.get(id) ?? {};
      for (const [name, version] of Object.entries(found)) versions.set(name, version);
      const rest = 'skipped' in contender ? { skipped: contender.skipped } : { fileMegabytes: contender.fileMegabytes };
      rows.push({ model: model.name, threads, contender: id, ...rest, ...figures, ...cold.get(id), ...errors.get(id) });
    }
  }
  return rows;
};

const print = (
  models: readonly BenchModel[],
  rows: readonly Row[],
  versions: Versions,
  options: BenchOptions,
): void => {
  const machine = describeMachine();
  const targets = evaluateTargets(rows, options.checkpoint === undefined ? MODEL_NAMES.b : (models[0]?.name ?? ''));
  const { cpu, vcpus, memoryGigabytes, instructions, platform } = machine;
  console.log(`${cpu}, ${vcpus} vCPU, ${memoryGigabytes} GB, ${platform}; ${instructions.join(' ')}`);
  console.log([...versions].map(([name, version]) => `${name} ${version}`).join(', '));
  const samples = rows.find((row) => row.session !== undefined);
  console.log(
    `p50 (min); ${samples?.session?.samples} warm samples interleaved in ${options.rounds} rounds, ` +
      `${samples?.cold?.samples} cold starts; ${canPin ? 'a CPU a thread (taskset)' : 'not pinned'}; ${models[0]?.images.kind}\n`,
  );
  for (const line of renderRows(rows)) console.log(line);
  if (targets.length > 0) console.log('');
  for (const line of targets.length > 0 ? renderTargets(targets) : []) console.log(line);
  const compiled = models.flatMap(({ name, compiled }) => (compiled === undefined ? [] : [{ name, ...compiled }]));
  for (const { name, seconds, peakMegabytes } of compiled) {
    console.log(`\ncompiled ${name} in ${seconds.toFixed(1)} s, peak RSS ${peakMegabytes?.toFixed(0) ?? '-'} MB`);
  }
  if (options.json === undefined) return;
  const report = {
    machine,
    versions: Object.fromEntries(versions),
    images: models[0]?.images.kind,
    rows,
    targets,
    compiled,
  };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
};

const main = async (): Promise<void> => {
  const options = readOptions({ models: 'ti,s,b' });
  const models = await prepareModels(options);
  if (options.stage === 'prepare') return;
  const worker = await bundleWorker(options.cache);
  const versions: Versions = new Map();
  const rows: Row[] = [];
  for (const model of models) rows.push(...(await measureModel(model, worker, options, versions)));
  print(models, rows, versions, options);
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
