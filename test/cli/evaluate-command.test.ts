import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calibrateCommand } from '../../lib/cli/calibrate-command';
import { classifyCommand, type FileResult } from '../../lib/cli/classify-command';
import { type EvaluateOptions, evaluateCommand } from '../../lib/cli/evaluate-command';
import type { EvaluationReport } from '../../lib/cli/evaluation/report';
import { DEFAULT_RULE } from '../../lib/core/calibration/choose-threshold';
import { recordOutput } from '../support/output-recorder';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

const labels = ['amber', 'birch', 'cedar', 'dune'];
const SCANS = 24;

describe('sulcus evaluate', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-evaluate-'));
    await writeTinyBundle(join(folder, 'model'));
    await writeTinyBundle(join(folder, 'headless'), { head: 'pooler' });
    const rows = Array.from({ length: SCANS }, (_, number) => {
      const label = labels[number % 3] as string;
      mkdirSync(join(folder, 'set', label), { recursive: true });
      writeFileSync(join(folder, 'set', label, `${number}.png`), tinyScan(number));
      return `${label}/${number}.png,${label},person-${number % 6},${number < 12 ? 'seen' : 'new'}`;
    });
    writeFileSync(join(folder, 'set', 'labels.csv'), `file,label,subject,use\n${rows.join('\n')}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async (set: string | undefined, options: Partial<EvaluateOptions> = {}) => {
    const output = recordOutput();
    const all = { model: join(folder, 'model'), bootstrap: 50, seed: 1, ...options };
    const exitCode = await evaluateCommand(set === undefined ? set : join(folder, set), all, output);
    return { exitCode, ...output };
  };
  const evaluate = async (set: string | undefined, options: Partial<EvaluateOptions> = {}) => {
    const { lines, ...rest } = await run(set, { ...options, json: true });
    return { ...rest, lines, report: JSON.parse(lines.join('')) as EvaluationReport };
  };

  test('counts what `sulcus classify` answers for the same files', async () => {
    const output = recordOutput();
    await classifyCommand([join(folder, 'set')], { model: join(folder, 'model'), json: true }, output);
    const results = output.lines.map((line) => JSON.parse(line) as FileResult);
    const hits = results.filter(({ file, label }) => file.includes(`/${label}/`)).length;
    const losses = results.map(({ file, scores }) => {
      const own = scores!.find(({ label }) => file.includes(`/${label}/`))!;
      return Math.log(scores!.reduce((sum, { logit }) => sum + Math.exp(logit - own.logit), 0));
    });

    const { exitCode, report } = await evaluate('set');

    expect(exitCode).toBe(0);
    expect(results).toHaveLength(SCANS);
    expect(report.data).toMatchObject({ scans: SCANS, evaluated: SCANS, failed: [], subjects: null });
    expect(report.data.perLabel).toEqual({ amber: 8, birch: 8, cedar: 8, dune: 0 });
    expect(report.accuracy).toBeCloseTo(hits / SCANS, 12);
    expect(report.loss).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / SCANS, 9);
    expect(report.confusionMatrix.flat().reduce((a, b) => a + b, 0)).toBe(SCANS);
    expect(report.perClass.map(({ label, support }) => [label, support])).toEqual([
      ['amber', 8],
      ['birch', 8],
      ['cedar', 8],
      ['dune', 0],
    ]);
    expect(report).toMatchObject({ people: null, bootstrap: { by: 'scan', replicates: 50, seed: 1 } });
  });

  test('a CSV with subjects draws intervals by subject, adds people, and gives the same figures twice', async () => {
    const [first, second] = [await evaluate('set/labels.csv'), await evaluate('set/labels.csv')];

    expect(first.report).toEqual(second.report);
    expect(first.report.data.subjects).toBe(6);
    expect(first.report.bootstrap.by).toBe('subject');
    expect(first.report.people).toMatchObject({ count: 6 });
    const [low, high] = first.report.intervals.loss!;
    expect(low).toBeLessThan(first.report.loss!);
    expect(high).toBeGreaterThan(first.report.loss!);
  });

  test('--split evaluates a subset and says that its people are also outside of it; --positive adds a contrast', async () => {
    const { report } = await evaluate('set/labels.csv', {
      split: ['use=new'],
      positive: ['amber'],
      negative: ['birch'],
    });

    expect(report.data).toMatchObject({ scans: 12, selected: ['use=new'], subjectDisjoint: false, sharedSubjects: 6 });
    expect(report.contrast).toEqual({ positive: ['amber'], negative: ['birch'] });
    expect(report.contrastAuc).toBeGreaterThanOrEqual(0);
  });

  test('--logits evaluates what a model gave elsewhere as the bundle would serve it', async () => {
    const output = recordOutput();
    const [calibrated, csv] = [join(folder, 'calibrated'), join(folder, 'logits.csv')];
    const calibration = { model: join(folder, 'model'), rule: DEFAULT_RULE, minMargin: 0, gate: false } as const;
    await calibrateCommand(
      join(folder, 'set/labels.csv'),
      { ...calibration, bias: 'always', writeLogits: csv, out: calibrated },
      output,
    );
    const ofScans = await evaluate('set/labels.csv', { model: calibrated });

    const { exitCode, report, lines } = await evaluate(undefined, { model: calibrated, logits: csv });
    const { lines: markdown } = await run(undefined, { model: calibrated, logits: csv });

    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(report.data).toEqual({ ...ofScans.report.data, source: 'logits' });
    for (const name of ['accuracy', 'loss', 'calibratedLoss', 'ece', 'brier', 'macroF1'] as const) {
      expect(report[name]).toBeCloseTo(ofScans.report[name] as number, 6);
    }
    expect(report.abstaining).toEqual(ofScans.report.abstaining);
    expect(report.abstaining.abstained).toBeGreaterThan(0);
    expect(markdown).toContain('- of logits as the bundle would serve them, without its input gate');
  });

  test.each([
    ['neither a set nor logits', undefined, undefined, 'received neither'],
    ['both', 'set', 'logits.csv', 'received both'],
  ])('refuses %s', async (_, set, logits, message) => {
    await expect(run(set, logits === undefined ? {} : { logits })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(`expected a labelled set or --logits, ${message}`),
    });
  });

  test('--out writes the report and three plots; the report names no file and no person', async () => {
    const out = join(folder, 'out/nested');

    const { lines, notes } = await run('set/labels.csv', { out });

    expect(readdirSync(out).sort()).toEqual([
      'confusion.svg',
      'coverage.svg',
      'reliability.svg',
      'report.json',
      'report.md',
    ]);
    const json = readFileSync(join(out, 'report.json'), 'utf8');
    const markdown = readFileSync(join(out, 'report.md'), 'utf8');
    const report = JSON.parse(json) as EvaluationReport;
    expect(markdown.startsWith(lines.join('\n'))).toBe(true);
    expect(markdown).toContain(`| accuracy | ${report.accuracy!.toFixed(4)} |`);
    expect(`${json}${markdown}`).not.toMatch(/person-|\.png|sulcus-evaluate/);
    expect(markdown).toContain('Research use only');
    expect(notes).toContain(`wrote ${out}`);
  });

  test('a scan that cannot be read is no figure: it is counted, placed by its row, and the exit code is 1', async () => {
    writeFileSync(join(folder, 'broken.png'), 'no image');
    writeFileSync(join(folder, 'some.csv'), 'file,label\nset/amber/0.png,amber\nbroken.png,birch\ngone.png,birch\n');

    const { exitCode, report, notes } = await evaluate('some.csv');

    expect(exitCode).toBe(1);
    expect(report.data).toMatchObject({ scans: 3, evaluated: 1 });
    expect(report.data.failed.map(({ row, position, code }) => [row, position, code])).toEqual([
      [3, 2, 'UNSUPPORTED_IMAGE'],
      [4, 3, 'SCAN_NOT_FOUND'],
    ]);
    expect(notes.join()).toContain(join(folder, 'broken.png'));
  });

  test('nothing that can be read, labels of another model, and a model without labels are refused as a whole', async () => {
    writeFileSync(join(folder, 'gone.csv'), 'file,label\ngone.png,birch\n');
    writeFileSync(join(folder, 'other.csv'), 'file,label\nset/amber/0.png,oak\n');

    await expect(run('gone.csv')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'expected scans that can be read, received 1 that cannot',
    });
    await expect(run('other.csv')).rejects.toThrow(/^expected labels of the model .* received oak in row 2$/);
    await expect(run('set', { model: join(folder, 'headless') })).rejects.toMatchObject({
      code: 'MODEL_HAS_NO_LABELS',
    });
  });

  test('an --out that cannot be written is refused', async () => {
    writeFileSync(join(folder, 'file'), '');

    await expect(run('set', { out: join(folder, 'file') })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
