import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder } from '../../lib/adapters/checkpoint-folder';
import { openBundle, openGraphSession } from '../../lib/adapters/onnx';
import { calibrateCommand } from '../../lib/cli/calibrate-command';
import { classifyCommand, type FileResult } from '../../lib/cli/classify-command';
import { evaluateCommand } from '../../lib/cli/evaluate-command';
import type { EvaluationReport } from '../../lib/cli/evaluation/report';
import { type FileFeatures, featuresCommand } from '../../lib/cli/features-command';
import { type TrainHeadOptions, trainHeadCommand } from '../../lib/cli/train-head-command';
import { type CompileOptions, compileModel } from '../../lib/compiler';
import { DEFAULT_RULE } from '../../lib/core/calibration/choose-threshold';
import { digestInput, type ModelManifest } from '../../lib/core/model-manifest';
import { seededRandom } from '../../lib/core/seeded-random';
import { recordOutput } from '../support/output-recorder';
import { readFloats } from '../support/read-onnx';
import { writePng } from '../support/slice-writer';
import { writeTinyBundle } from '../support/tiny-bundle';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from '../support/tiny-vit';

const SCANS = 48;
const PEOPLE = 12;
const LABELS = ['disc', 'grid', 'ramp'];

/** Pictures of three kinds, told apart with ease. */
const PAINTERS: ((x: number, y: number) => number)[] = [
  (x, y) => (Math.hypot(x - 16, y - 16) < 10 ? 200 : 20),
  (x, y) => (x % 8 < 2 || y % 8 < 2 ? 180 : 60),
  (x) => 8 * x,
];

describe('sulcus train-head', () => {
  let folder: string;
  let set: string;
  let headless: string;
  let classifying: string;
  let made: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-train-head-'));
    [headless, classifying] = [join(folder, 'headless'), join(folder, 'classifying')];
    await writeTinyBundle(headless, { head: 'pooler' });
    await writeTinyBundle(classifying);
    set = join(folder, 'set');
    mkdirSync(set);
    const random = seededRandom(3);
    const rows = Array.from({ length: SCANS }, (_, index) => {
      const paint = PAINTERS[index % 3] as (typeof PAINTERS)[number];
      writePng(join(set, `scan-${index}.png`), (x, y) => paint(x, y) + 50 * random());
      return `scan-${index}.png,${LABELS[index % 3]},person ${index % PEOPLE},${index < 36 ? 'train' : 'test'}`;
    });
    writeFileSync(join(set, 'scans.csv'), `${['file,label,subject,use', ...rows].join('\n')}\n`);
    made = await train({ model: headless, out: join(folder, 'made') });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  let count = 0;
  const train = async (given: Partial<TrainHeadOptions> & { readonly set?: string } = {}) => {
    const output = recordOutput();
    const { set: of = set, ...options } = given;
    const out = given.out ?? join(folder, `out-${count++}`);
    const all = { model: headless, modelVersion: '1.0.0', threads: 1, ...options, out };
    const exitCode = await trainHeadCommand(of, all, output);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as ModelManifest;
    return { exitCode, out, manifest, ...output };
  };

  const bundleOf = async (options: TinyVitOptions, tokens: Partial<CompileOptions>): Promise<string> => {
    const bundle = join(folder, `bundle-${count++}`);
    const source = memorySource(tinyCheckpoint(options));
    const sink = await createBundleFolder(bundle);
    await compileModel({
      source,
      sink,
      name: 'x',
      version: '1',
      openSession: openGraphSession,
      force: true,
      ...tokens,
    });
    return bundle;
  };

  const classify = async (model: string): Promise<FileResult[]> => {
    const output = recordOutput();
    await classifyCommand([set], { model, json: true, threads: 1 }, output);
    return output.lines.map((line) => JSON.parse(line) as FileResult);
  };

  test('serves logits that are weight x features + bias, of the features as they are served', async () => {
    const { out, manifest } = made;
    const output = recordOutput();
    await featuresCommand([set], { model: headless, json: true, threads: 1 }, output);
    const extracted = output.lines.map((line) => JSON.parse(line) as FileFeatures);
    const [model, data] = ['', '_data'].map((suffix) => readFileSync(join(out, `${manifest.graph.file}${suffix}`)));
    const weight = readFloats(model!, data!, 'classifier.weight');
    const bias = readFloats(model!, data!, 'classifier.bias');

    const results = await classify(out);

    expect(results).toHaveLength(SCANS);
    expect(weight).toHaveLength(32 * 3);
    results.forEach((result, scan) => {
      const { features } = extracted[scan]!;
      for (const { label, logit } of result.scores!) {
        const row = LABELS.indexOf(label);
        const expected = features!.reduce(
          (sum, value, channel) => sum + value * weight[channel * 3 + row]!,
          bias[row]!,
        );
        expect(logit).toBeCloseTo(expected, 4);
      }
    });
  });

  test('predicts what it was trained on, and evaluates as any bundle does', async () => {
    const output = recordOutput();
    const options = { model: made.out, bootstrap: 20, seed: 1, json: true, split: ['use=test'] };

    const results = await classify(made.out);
    await evaluateCommand(set, options, output);

    const right = results.filter(
      ({ label }, scan) => label === LABELS[Number(/-(\d+)\./.exec(results[scan]!.file)![1]) % 3],
    );
    const report = JSON.parse(output.lines.join('')) as EvaluationReport;
    expect(right).toHaveLength(SCANS);
    expect(report).toMatchObject({ accuracy: 1, data: { evaluated: 12 } });
  });

  test('the manifest says what was trained on what, and nothing that holds for another classifier', async () => {
    const before = JSON.parse(readFileSync(join(headless, 'manifest.json'), 'utf8')) as ModelManifest;
    const { manifest, lines, exitCode } = made;

    const opened = await openBundle(made.out, true);

    const { head } = manifest;
    expect(exitCode).toBe(0);
    expect(opened.manifest).toEqual(manifest);
    expect(manifest).toMatchObject({
      name: 'made',
      version: '1.0.0',
      labels: LABELS,
      activation: 'softmax',
      card: null,
    });
    expect(manifest.graph.outputs).toEqual({ ...before.graph.outputs, logits: 'logits' });
    expect(manifest.architecture.parameters).toBe(before.architecture.parameters + 3 * 33);
    expect(manifest.quantization.fp32Parts).toContain('classifier');
    expect(manifest.parity).toEqual(before.parity);
    expect(manifest.source).toEqual(before.source);
    expect(head).toMatchObject({
      scans: SCANS,
      subjects: PEOPLE,
      images: 16,
      crossValidation: { folds: 5, scans: SCANS },
    });
    expect(head!.backbone).toEqual({ name: 'tiny-vit', version: '1.0.0', digest: before.digest });
    expect(head!.perLabel).toEqual(LABELS.map((label) => ({ label, scans: 16, subjects: 4 })));
    expect(head!.maxLogitDifference).toBeLessThan(1e-4);
    expect(JSON.stringify(manifest)).not.toMatch(/scan-|person|\.png/);
    expect(JSON.stringify(manifest)).not.toContain(folder);
    expect(lines.join('\n')).toMatch(
      /made 1.0.0 +3 labels, trained on 48 scans, 12 subjects.*\nsha256:.*\nbackbone tiny-vit/,
    );
  });

  test("config.json has the set's labels, as transformers reads them", () => {
    const config = JSON.parse(readFileSync(join(made.out, 'config.json'), 'utf8'));

    expect(config).toMatchObject({
      architectures: ['ViTForImageClassification'],
      problem_type: 'single_label_classification',
      id2label: { 0: 'disc', 1: 'grid', 2: 'ramp' },
      label2id: { disc: 0, grid: 1, ramp: 2 },
      hidden_size: 32,
    });
  });

  test('takes the place of a classifier: the same head as without one, and parity of the features alone', async () => {
    const before = JSON.parse(readFileSync(join(classifying, 'manifest.json'), 'utf8')) as ModelManifest;

    const { manifest, out } = await train({ model: classifying });

    const again = await train({ model: out });
    expect(manifest.labels).toEqual(LABELS);
    expect(manifest.architecture.parameters).toBe(before.architecture.parameters - 33);
    expect(manifest.parity).toMatchObject({
      maxLogitDifference: null,
      meanLogitDifference: null,
      top1Agreement: null,
      clsCosine: before.parity.clsCosine,
      meanClsCosine: before.parity.meanClsCosine,
      bound: 0.8,
      exceeded: false,
    });
    expect(again.manifest.digest).toBe(manifest.digest);
    expect(readFileSync(join(again.out, 'onnx/model_quantized.onnx_data'))).toEqual(
      readFileSync(join(out, 'onnx/model_quantized.onnx_data')),
    );
  });

  test("keeps a model's order of the same labels", async () => {
    const other = await bundleOf({ config: { id2label: { 0: 'ramp', 1: 'disc', 2: 'grid' } } }, {});

    const { manifest } = await train({ model: other, name: 'my.model', modelVersion: '2' });

    expect(manifest).toMatchObject({ labels: ['ramp', 'disc', 'grid'], name: 'my.model', version: '2' });
  });

  test.each<[string, Partial<CompileOptions>]>([
    ['background is skipped', { skipBackground: 8 }],
    ['tokens are merged', { mergeTokens: 2 }],
    ['weights are fp32', { quantize: 'fp32' }],
  ])('works on a bundle in which %s', async (_, tokens) => {
    const { out, manifest } = await train({ model: await bundleOf({}, tokens) });

    const results = await classify(out);

    expect(manifest.graph).toMatchObject({ skipBackground: null, mergeTokens: null, ...without(tokens, 'quantize') });
    expect(results.filter(({ state, label }) => state === 'classified' && LABELS.includes(label!))).toHaveLength(SCANS);
  });

  const without = (tokens: Partial<CompileOptions>, key: keyof CompileOptions) =>
    Object.fromEntries(Object.entries(tokens).filter(([name]) => name !== key));

  test('a calibration is dropped, and said to be; the new classifier calibrates as any', async () => {
    const calibrate = async (model: string, out: string) => {
      const rule = { rule: DEFAULT_RULE, minMargin: 0, bias: 'auto', gate: true, threads: 1 } as const;
      await calibrateCommand(set, { model, out, ...rule }, recordOutput());
      return out;
    };
    const calibrated = await calibrate(made.out, join(folder, 'calibrated'));
    writeFileSync(join(calibrated, 'README.md'), 'a card');

    const { manifest, notes } = await train({ model: calibrated, out: calibrated });

    expect(manifest.calibration).toBeNull();
    expect(existsSync(join(calibrated, 'calibration.json'))).toBe(false);
    expect(notes.join()).toMatch(/the calibration was of the other classifier.*README.md in the folder/);
    expect(manifest.files).toEqual(made.manifest.files);
  });

  test('only the rows that --split selects are trained on; without subjects each scan counts as its own', async () => {
    const folders = join(folder, 'folders');
    for (let index = 0; index < 12; index++) {
      const own = join(folders, LABELS[index % 3] as string);
      mkdirSync(own, { recursive: true });
      cpSync(join(set, `scan-${index}.png`), join(own, `${index}.png`));
    }

    const [split, alone] = [await train({ split: ['use=train'] }), await train({ set: folders, json: true })];

    expect(split.manifest.head).toMatchObject({ scans: 36, subjects: PEOPLE });
    expect(alone.manifest.head).toMatchObject({ scans: 12, subjects: null });
    expect(alone.notes.join()).toContain('no subjects');
    expect(JSON.parse(alone.lines.join(''))).toEqual(alone.manifest);
  });

  const table = (...rows: string[]): string => {
    const path = join(set, `rows-${count++}.csv`);
    writeFileSync(path, `${['file,label', ...rows].join('\n')}\n`);
    return path;
  };
  /** The headless bundle with another graph, and a manifest that says so. */
  const foreign = (): string => {
    const bundle = join(folder, 'foreign');
    cpSync(headless, bundle, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8')) as ModelManifest;
    const graph = Buffer.concat([readFileSync(join(bundle, manifest.graph.file)), Uint8Array.of(0x52, 0)]);
    writeFileSync(join(bundle, manifest.graph.file), graph);
    const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    const files = manifest.files.map((file) =>
      file.path === manifest.graph.file ? { ...file, sizeBytes: graph.length, sha256: sha256(graph) } : file,
    );
    const digest = `sha256:${sha256(digestInput(files))}`;
    writeFileSync(join(bundle, 'manifest.json'), JSON.stringify({ ...manifest, files, digest }));
    return bundle;
  };

  test.each<[string, () => Partial<TrainHeadOptions> & { set?: string }, string, RegExp]>([
    ['one label', () => ({ split: ['label=disc'] }), 'INVALID_REQUEST', /at least two labels .*, received one/],
    [
      'a single scan of a label',
      () => ({ set: table('scan-0.png,disc', 'scan-3.png,disc', 'scan-1.png,grid') }),
      'INVALID_REQUEST',
      /at least 2 scans of each label .*, received 1 of grid/,
    ],
    [
      'a scan that cannot be read',
      () => ({ set: table('scan-0.png,disc', 'scans.csv,grid') }),
      'INVALID_REQUEST',
      /expected readable scans, received row 3 \(UNSUPPORTED_IMAGE/,
    ],
    ['a graph of another kind', () => ({ model: foreign() }), 'ARCHITECTURE_UNSUPPORTED', /as the compiler writes it/],
    [
      'a name that is none',
      () => ({ name: 'No name' }),
      'CONFIG_INVALID',
      /expected \[a-z0-9._-\]\+ for the model's name/,
    ],
  ])('%s is refused and leaves nothing behind', async (_, given, code, message) => {
    const out = join(folder, 'refused');

    await expect(train({ ...given(), out })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

    expect(readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
  });

  test('a bundle that is to be replaced stays as it was when that fails', async () => {
    const out = join(folder, 'kept');
    cpSync(made.out, out, { recursive: true });

    await expect(train({ out, model: foreign() })).rejects.toMatchObject({ code: 'ARCHITECTURE_UNSUPPORTED' });

    expect(readdirSync(folder).filter((name) => name.includes('kept'))).toEqual(['kept']);
    expect((await openBundle(out, true)).manifest).toEqual(made.manifest);
  });

  test('a bundle that changes while its features are taken is not written', async () => {
    const changing = join(folder, 'changing');
    cpSync(headless, changing, { recursive: true });
    const output = recordOutput();
    const swap = () => cpSync(made.out, changing, { recursive: true });
    const meanwhile = { ...output, progress: () => ({ advance: () => {}, stop: swap }) };
    const options = { model: changing, out: join(folder, 'unwritten'), modelVersion: '1', threads: 1 };

    await expect(trainHeadCommand(set, options, meanwhile)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('it changed meanwhile'),
    });

    expect(readdirSync(folder).filter((name) => name.includes('unwritten'))).toEqual([]);
  });
});
