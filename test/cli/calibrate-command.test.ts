import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle, openModel } from '../../lib/adapters/onnx';
import { type CalibrateOptions, calibrateCommand } from '../../lib/cli/calibrate-command';
import { classifyCommand, type FileResult } from '../../lib/cli/classify-command';
import { DEFAULT_RULE } from '../../lib/core/calibration/choose-threshold';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { seededRandom } from '../../lib/core/seeded-random';
import { recordOutput } from '../support/output-recorder';
import { writePng } from '../support/slice-writer';
import { writeTinyBundle } from '../support/tiny-bundle';

const SCANS = 72;
const PEOPLE = 12;
const LABELS = ['amber', 'birch', 'cedar', 'dune'];

describe('sulcus calibrate', () => {
  let folder: string;
  let model: string;
  let set: string;
  let made: Awaited<ReturnType<typeof calibrate>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-calibrate-'));
    model = join(folder, 'bundle');
    await writeTinyBundle(model);
    set = join(folder, 'set');
    mkdirSync(set);
    const random = seededRandom(7);
    const rows = Array.from({ length: SCANS }, (_, index) => {
      writePng(
        join(set, `${index}.png`),
        (x, y) => 90 + 60 * Math.exp(-((x - 16) ** 2 + (y - 16) ** 2) / 80) + 40 * random(),
      );
      return `${index}.png,${LABELS[index % 4]},person ${index % PEOPLE}`;
    });
    writeFileSync(join(set, 'scans.csv'), `${['file,label,subject', ...rows].join('\n')}\n`);
    made = await calibrate();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  let count = 0;
  const calibrate = async (given: Partial<CalibrateOptions> & { readonly set?: string | undefined } = {}) => {
    const output = recordOutput();
    const out = given.out ?? join(folder, `out-${count++}`);
    const options = {
      model,
      rule: DEFAULT_RULE,
      minMargin: 0,
      bias: 'auto',
      gate: true,
      threads: 1,
      ...given,
      out,
    } as const;
    const exitCode = await calibrateCommand('set' in given ? given.set : set, options, output);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as ModelManifest;
    return { exitCode, out, manifest, calibration: manifest.calibration, ...output };
  };

  const classify = async (bundle: string, file: string): Promise<FileResult> => {
    const output = recordOutput();
    await classifyCommand([file], { model: bundle, json: true }, output);
    return JSON.parse(output.lines[0] as string) as FileResult;
  };

  test('writes the bundle with its calibration: the network as it was, another digest, and it opens', async () => {
    const before = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')) as ModelManifest;

    const { exitCode, out, manifest, lines } = made;

    const { manifest: opened, gate } = await openBundle(out, true);
    expect(exitCode).toBe(0);
    expect(opened).toEqual(manifest);
    expect(manifest.digest).not.toBe(before.digest);
    expect(manifest.files.filter(({ path }) => path !== 'calibration.json')).toEqual(before.files);
    expect({ ...manifest, digest: '', files: [], calibration: null }).toEqual({ ...before, digest: '', files: [] });
    expect(manifest.calibration?.fit).toMatchObject({ scans: SCANS, subjects: PEOPLE, folds: PEOPLE, source: 'set' });
    expect(gate?.features.mean).toHaveLength(32);
    expect(gate?.pixels.mean).toHaveLength(256);
    expect(lines.join('\n')).toMatch(/temperature \d.*\n.*ECE of left-out subjects.*\n.*\n *input gate of 72 slices/);
  });

  test('scores are calibrated, logits as they were, and what is like nothing seen abstains with its scores', async () => {
    const odd = join(folder, 'odd.png');
    writePng(odd, (x) => (x % 8 < 4 ? 255 : 0));
    const { out, calibration } = made;
    const usual = join(set, '3.png');

    const [plain, calibrated, refused] = [
      await classify(model, usual),
      await classify(out, usual),
      await classify(out, odd),
    ];

    const logits = (result: FileResult) => new Map(result.scores.map(({ label, logit }) => [label, logit]));
    expect(logits(calibrated)).toEqual(logits(plain));
    const powers = calibrated.scores.map(({ logit }) => Math.exp(logit / (calibration?.temperature ?? 0)));
    const sum = powers.reduce((a, b) => a + b, 0);
    expect(calibrated.scores.map(({ score }) => score)).toEqual(powers.map((power) => expect.closeTo(power / sum, 12)));
    expect(plain).toMatchObject({ abstained: false, abstainReason: null });
    expect(calibrated.abstainReason).not.toBe('not_a_brain_slice');
    expect(refused).toMatchObject({ state: 'classified', abstained: true, abstainReason: 'not_a_brain_slice' });
    expect(refused.scores).toHaveLength(4);
  });

  test('the table of a calibrated bundle tells which scans abstained', async () => {
    const { out } = await calibrate({ rule: { kind: 'score', score: 1 }, gate: false });
    const output = recordOutput();

    await classifyCommand([join(set, '3.png')], { model: out }, output);

    expect(output.lines[0]).toMatch(/SCORE +ABSTAINED$/);
    expect(output.lines[1]).toMatch(/0\.\d{4} +low_confidence$/);
  });

  test('--out may be the bundle itself, again and again, and --apply gives the same digest', async () => {
    const { out, manifest } = await calibrate({ set: undefined, apply: join(made.out, 'calibration.json') });

    const again = await calibrate({ model: out, out });

    expect(manifest).toEqual(made.manifest);
    expect(again.manifest).toEqual(manifest);
    expect(readdirSync(out).sort()).toEqual([
      'calibration.json',
      'config.json',
      'manifest.json',
      'onnx',
      'preprocessor_config.json',
    ]);
  });

  test('--write-logits and --logits of them fit the same; without a set a bundle keeps the gate it has', async () => {
    const logits = join(folder, 'logits.csv');
    await calibrate({ writeLogits: logits, gate: false });

    const bare = await calibrate({ set: undefined, logits, source: 'set' });
    const kept = await calibrate({ set: undefined, logits, source: 'set', model: made.out });

    expect(readFileSync(logits, 'utf8').split('\n')[0]).toBe(
      'label,subject,logit_amber,logit_birch,logit_cedar,logit_dune',
    );
    expect(bare.calibration).toEqual({ ...made.calibration, gate: null });
    expect(bare.notes.join()).toContain('no input gate');
    expect(kept.manifest).toEqual(made.manifest);
  });

  test('too few scans for a gate still calibrate, and say so', async () => {
    const { calibration, notes } = await calibrate({ split: ['label=amber', 'label=birch'] });

    expect(calibration).toMatchObject({ gate: null, fit: { scans: SCANS / 2 } });
    expect(notes.join()).toContain('at least 64 scans');
  });

  test('a set without subjects counts each scan as its own, and says what that means', async () => {
    const folders = join(folder, 'folders');
    for (let index = 0; index < 8; index++) {
      const label = join(folders, LABELS[index % 2] as string);
      mkdirSync(label, { recursive: true });
      writePng(join(label, `${index}.png`), (x, y) => (x + y) * 3 + index * 5);
    }

    const { calibration, notes } = await calibrate({ set: folders });

    expect(calibration?.fit).toMatchObject({ scans: 8, subjects: null, folds: 8 });
    expect(notes.join()).toContain('no subjects');
  });

  test.each<[string, () => Partial<CalibrateOptions> & { set?: string | undefined }, RegExp]>([
    ['neither a set nor logits', () => ({ set: undefined }), /expected a labelled set, --logits or --apply/],
    [
      'labels of another model',
      () => ({ logits: tableOf('label,logit_a\na,1\n') }),
      /expected columns label, logit_amber/,
    ],
    [
      'a logit that is no number',
      () => ({ logits: logitsOf('amber,x,0,0,0') }),
      /a finite logit_amber in row 2, received "x"/,
    ],
    ['a label of another model', () => ({ logits: logitsOf('elm,0,0,0,0') }), /one of the labels amber, .* in row 2/],
    ['an unreadable scan', () => ({ set: brokenSet() }), /expected readable scans, received row 2 \(UNSUPPORTED_IMAGE/],
    ['a calibration that is none', () => ({ set: undefined, apply: tableOf('{}') }), /expected a calibration/],
    ['a calibration that is not there', () => ({ set: undefined, apply: join(folder, 'none') }), /file for --apply/],
  ])('%s is refused and leaves no bundle', async (_, given, message) => {
    const out = join(folder, 'refused');

    await expect(calibrate({ ...given(), out })).rejects.toMatchObject({ message: expect.stringMatching(message) });

    expect(readdirSync(folder)).not.toContain('refused');
  });

  const tableOf = (text: string): string => {
    const path = join(folder, 'table');
    writeFileSync(path, text);
    return path;
  };
  const logitsOf = (row: string): string =>
    tableOf(`label,${LABELS.map((label) => `logit_${label}`).join(',')}\n${row}\n`);
  const brokenSet = (): string => {
    const path = join(folder, 'broken');
    mkdirSync(path);
    writeFileSync(join(path, 'scans.csv'), 'file,label\nbroken.png,amber\n');
    writeFileSync(join(path, 'broken.png'), 'not an image');
    return path;
  };

  test("another model's calibration is refused where its labels or features do not fit", async () => {
    const other = join(folder, 'other');
    await writeTinyBundle(other, { config: { id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd' } } });

    const applying = calibrate({ set: undefined, model: other, apply: join(made.out, 'calibration.json') });

    await expect(applying).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('expected a calibration for the labels a, b, c, d'),
    });
  });

  test('a bundle that changes while it is fitted on keeps what it has', async () => {
    const changing = join(folder, 'changing');
    cpSync(model, changing, { recursive: true });
    const output = recordOutput();
    const meanwhile = {
      ...output,
      progress: () => ({ advance: () => {}, stop: () => cpSync(made.out, changing, { recursive: true }) }),
    };
    const options = {
      model: changing,
      out: changing,
      rule: DEFAULT_RULE,
      minMargin: 0,
      bias: 'never',
      gate: true,
    } as const;

    await expect(calibrateCommand(set, options, meanwhile)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('it changed meanwhile'),
    });

    expect((await openBundle(changing, true)).manifest).toEqual(made.manifest);
  });

  test('a model without a classifier is refused', async () => {
    const headless = join(folder, 'headless');
    await writeTinyBundle(headless, { head: 'none' });

    await expect(calibrate({ model: headless })).rejects.toMatchObject({ code: 'MODEL_HAS_NO_LABELS' });
  });

  test('a calibrated bundle serves from one session, gate and all', async () => {
    const opened = await openModel(made.out, { threads: 1, verify: true });

    expect(opened.gate).not.toBeNull();
    await opened.dispose();
  });
});
