import { rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compileCheckpoint } from './compile-checkpoint';
import { describeMachine } from './machine';
import { readOptions } from './options';
import { randomCheckpoint } from './prepare-models';
import { MODEL_NAMES } from './random-checkpoint';
import { renderTable } from './report';

/** `npm run bench:compile`: how long `sulcus compile` takes and how much memory, beside what this project promises. */
const PROMISES: Readonly<Record<string, { readonly seconds: number; readonly megabytes?: number }>> = {
  [MODEL_NAMES.b]: { seconds: 15, megabytes: 1200 },
  [MODEL_NAMES.l]: { seconds: 60 },
};

const verdict = (measured: number | undefined, limit: number | undefined): string => {
  if (measured === undefined || limit === undefined) return '-';
  return measured <= limit ? 'yes' : 'no';
};

const main = async (): Promise<void> => {
  const options = readOptions({ models: 'b,l' });
  const checkpoints =
    options.checkpoint === undefined
      ? options.models.map((size) => ({ name: MODEL_NAMES[size], folder: randomCheckpoint(size, options.cache) }))
      : [{ name: basename(options.checkpoint), folder: options.checkpoint }];
  const figures = [];
  for (const { name, folder } of checkpoints) {
    const bundle = join(options.cache, 'compile-time-bundle');
    const compiled = await compileCheckpoint(folder, bundle);
    rmSync(bundle, { recursive: true });
    const checkpointMegabytes = statSync(join(folder, 'model.safetensors')).size / 1e6;
    figures.push({ name, checkpointMegabytes, ...compiled, promised: PROMISES[name] });
  }
  const machine = describeMachine();
  console.log(`${machine.cpu}, ${machine.vcpus} vCPU, Node ${process.version}\n`);
  const lines = figures.map(({ name, checkpointMegabytes, seconds, peakMegabytes, promised }) => [
    name,
    checkpointMegabytes.toFixed(0),
    seconds.toFixed(1),
    promised === undefined ? '-' : `${promised.seconds}: ${verdict(seconds, promised.seconds)}`,
    peakMegabytes?.toFixed(0) ?? '-',
    promised?.megabytes === undefined ? '-' : `${promised.megabytes}: ${verdict(peakMegabytes, promised.megabytes)}`,
  ]);
  const head = ['checkpoint', 'safetensors MB', 'compile s', 'limit s: met', 'peak RSS MB', 'limit MB: met'];
  for (const line of renderTable([head, ...lines])) console.log(line);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
