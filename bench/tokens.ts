import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createImageDecoder } from '../lib/adapters/image';
import { openModel } from '../lib/adapters/onnx';
import { type LabelledScan, readLabelledScans } from '../lib/cli/dataset/labelled-scans';
import { parseSelector, selectScans } from '../lib/cli/dataset/select-scans';
import { imageToPixels } from '../lib/core/image-processor';
import type { ClassifierModel } from '../lib/core/ports';
import { describeMachine } from './machine';
import { renderTable, statsOf } from './report';

/**
 * `npm run bench:tokens -- <checkpoint> <labelled set>`: what computing fewer tokens gives and costs on real scans. Every
 * form of the model sees every scan, one after the other, so that they share whatever else the machine does.
 */
const LAUNCHER = resolve(__dirname, '../bin/sulcus.js');

interface Form {
  readonly name: string;
  readonly flags: readonly string[];
}

const FORMS: readonly Form[] = [
  { name: 'fp32', flags: ['--quantize', 'fp32'] },
  { name: 'int8', flags: [] },
  ...['0', '8', '16'].map((level) => ({
    name: `int8, background of ${level} as one token`,
    flags: ['--skip-background', level],
  })),
  ...['4', '8', '12', '16'].map((count) => ({
    name: `int8, ${count} pairs merged a layer`,
    flags: ['--merge-tokens', count],
  })),
  {
    name: 'int8, background of 8 as one, 4 pairs merged',
    flags: ['--skip-background', '8', '--merge-tokens', '4'],
  },
];

interface Measured {
  readonly form: Form;
  readonly model: ClassifierModel;
  readonly logits: Float32Array[];
  readonly ms: number[];
}

const compile = async (checkpoint: string, form: Form, folder: string, threads: number): Promise<Measured> => {
  const args = [LAUNCHER, 'compile', checkpoint, '--out', folder, '--name', 'tokens', '--force', ...form.flags];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected a compiled ${form.name}, received exit code ${status}\n${stderr}`);
  return { form, model: await openModel(folder, { threads }), logits: [], ms: [] };
};

const runAll = async (measured: readonly Measured[], scans: readonly LabelledScan[]): Promise<void> => {
  const decoder = createImageDecoder();
  for (const [index, { file }] of scans.entries()) {
    const image = await decoder.decode(readFileSync(file));
    const pixels = imageToPixels(image, (measured[0] as Measured).model.imageProcessor);
    image.dispose();
    for (const { model, logits, ms } of index % 2 === 0 ? measured : [...measured].reverse()) {
      const start = performance.now();
      logits.push((await model.run({ pixels }, ['logits'])).logits);
      ms.push(performance.now() - start);
    }
  }
};

const topOf = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));

const crossEntropy = (logits: Float32Array, label: number): number => {
  const largest = Math.max(...logits);
  return largest + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0)) - (logits[label] ?? 0);
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const rowOf = (
  { form, model, logits, ms }: Measured,
  reference: Measured,
  scans: readonly LabelledScan[],
): string[] => {
  const labels = scans.map(({ label }) => model.manifest.labels.indexOf(label ?? ''));
  const right = logits.filter((values, index) => topOf(values) === labels[index]).length;
  const same = logits.filter(
    (values, index) => topOf(values) === topOf(reference.logits[index] as Float32Array),
  ).length;
  const differences = logits.flatMap((values, index) =>
    [...values].map((value, label) => Math.abs(value - (reference.logits[index]?.[label] ?? Number.NaN))),
  );
  const { p50, min } = statsOf(ms);
  return [
    form.name,
    (right / scans.length).toFixed(4),
    mean(logits.map((values, index) => crossEntropy(values, labels[index] ?? 0))).toFixed(4),
    (same / scans.length).toFixed(4),
    mean(differences).toFixed(3),
    Math.max(...differences).toFixed(2),
    `${p50.toFixed(1)} (${min.toFixed(1)})`,
    (p50 / statsOf(reference.ms).p50).toFixed(2),
  ];
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      join: { type: 'string', multiple: true },
      split: { type: 'string', multiple: true },
      every: { type: 'string', default: '1' },
      threads: { type: 'string', default: '1' },
    },
  });
  const [checkpoint = '', set = ''] = positionals;
  const all = await readLabelledScans(set, { join: values.join });
  const selected = selectScans(all, (values.split ?? []).map(parseSelector)).scans;
  const scans = selected.filter((_, index) => index % Number(values.every) === 0);
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-tokens-'));
  try {
    const measured: Measured[] = [];
    for (const [index, form] of FORMS.entries()) {
      measured.push(await compile(checkpoint, form, join(folder, String(index)), Number(values.threads)));
    }
    await runAll(measured, scans);
    const { cpu, vcpus, instructions } = describeMachine();
    console.log(
      `${cpu}, ${vcpus} vCPU; ${instructions.join(' ')}; ${values.threads} thread(s), ${scans.length} scans\n`,
    );
    const head = ['form', 'accuracy', 'loss', 'same label as fp32', 'logits: mean', 'max', 'ms: p50 (min)', '/ fp32'];
    const rows = measured.map((one) => rowOf(one, measured[0] as Measured, scans));
    for (const line of renderTable([head, ...rows])) console.log(line);
    for (const { model } of measured) await model.dispose();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
