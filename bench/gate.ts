import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createImageDecoder } from '../lib/adapters/image';
import { openModel } from '../lib/adapters/onnx';
import { readLabelledScans } from '../lib/cli/dataset/labelled-scans';
import { parseSelector, selectScans } from '../lib/cli/dataset/select-scans';
import { inOrder } from '../lib/cli/scan-files';
import { gateDistances, passesGate, toThumbnail } from '../lib/core/calibration/input-gate';
import type { ClassifierModel } from '../lib/core/ports';
import { runModel } from '../lib/core/run-model';
import { renderTable } from './report';

/**
 * `npm run bench:gate -- <labelled set> --python <with the packages of gate/make_sets.py>`: what a bundle's input gate
 * refuses, set by set. The slices that are to pass are of people whom neither the network nor the statistics know only if
 * `--model` and `--split` say so: see docs/calibration.md.
 */
const MAKE_SETS = resolve(__dirname, 'gate/make_sets.py');

/** Pictures like the training data, of which few may be refused; of every other set nearly all must be. */
const TO_PASS: ReadonlySet<string> = new Set(['held-out', 'slices', 'axial-icbm152', 'sample']);
const MOST_FALSE_REJECTS = 0.02;
const LEAST_REFUSED = 0.95;
/** Changed slices are made of every third one: neighbours are near copies. */
const EVERY = 3;

interface Judged {
  readonly features: number;
  readonly pixels: number;
  readonly refused: boolean;
}

type Gate = NonNullable<NonNullable<ClassifierModel['manifest']['calibration']>['gate']>;

const gateOf = ({ manifest }: ClassifierModel): Gate => {
  const gate = manifest.calibration?.gate;
  if (gate == null) throw new Error('expected a bundle with an input gate, received one without');
  return gate;
};

const judgeAll = async (model: ClassifierModel, files: readonly string[]): Promise<Judged[]> => {
  const deps = { decoder: createImageDecoder(), model: async () => model };
  const gate = gateOf(model);
  const judged: Judged[] = [];
  const judge = async (file: string): Promise<Judged> => {
    const { values, pixels } = await runModel<'features'>(deps.decoder, model, readFileSync(file), ['features']);
    const thumbnail = toThumbnail(pixels, model.manifest.imageSize);
    const scan = { features: values.features, thumbnail };
    const distances = gateDistances(model.gate as NonNullable<typeof model.gate>, scan);
    return { ...distances, refused: !passesGate(distances, gate) };
  };
  for await (const each of inOrder(files, judge)) judged.push(each);
  return judged;
};

const makeSets = (python: string, slices: readonly string[], folder: string): Map<string, string[]> => {
  const out = join(folder, 'sets');
  const { status, stderr } = spawnSync(python, [MAKE_SETS, out, ...slices], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected sets of pictures, received exit code ${status}\n${stderr}`);
  return new Map(
    readdirSync(out)
      .sort()
      .map((name) => [name, readdirSync(join(out, name)).map((file) => join(out, name, file))]),
  );
};

const percent = (count: number, all: number): string => `${((100 * count) / all).toFixed(1)} %`;

const rowOf = (name: string, judged: readonly Judged[], gate: Gate): string[] => {
  const count = (test: (one: Judged) => boolean): number => judged.filter(test).length;
  const refused = count((one) => one.refused);
  const share = refused / judged.length;
  const passes = TO_PASS.has(name);
  return [
    name,
    String(judged.length),
    percent(refused, judged.length),
    percent(
      count(({ features }) => features > gate.featureLimit),
      judged.length,
    ),
    percent(
      count(({ pixels }) => pixels > gate.pixelLimit),
      judged.length,
    ),
    (passes ? share <= MOST_FALSE_REJECTS : share >= LEAST_REFUSED) ? 'yes' : 'NO',
  ];
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: resolve(__dirname, '../layers/model') },
      join: { type: 'string', multiple: true },
      split: { type: 'string', multiple: true },
      python: { type: 'string', default: 'python3' },
      threads: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  });
  const [set] = positionals;
  if (set === undefined || !existsSync(set)) {
    console.log('skipped: expected a labelled set of slices that the gate is to let through, received none');
    return;
  }
  const all = await readLabelledScans(set, { join: values.join, requireLabels: false });
  const slices = selectScans(all, (values.split ?? []).map(parseSelector)).scans.map(({ file }) => file);
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-gate-'));
  const model = await openModel(values.model, { threads: Number(values.threads) });
  try {
    const made = makeSets(
      values.python,
      slices.filter((_, index) => index % EVERY === 0),
      folder,
    );
    const sample = resolve(__dirname, '../test/fixtures/icbm152-axial.png');
    const sets = new Map([['held-out', slices], ['sample', [sample]], ...made]);
    const gate = gateOf(model);
    const head = ['set', 'pictures', 'refused', 'by features', 'by thumbnail', 'met'];
    const rows: string[][] = [];
    for (const [name, files] of sets) rows.push(rowOf(name, await judgeAll(model, files), gate));
    const { name, digest } = model.manifest;
    console.log(`${name} ${digest}: limits ${gate.featureLimit} of features, ${gate.pixelLimit} of thumbnails\n`);
    for (const line of renderTable([head, ...rows])) console.log(line);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ name, digest, rows }, null, 2)}\n`);
  } finally {
    await model.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
