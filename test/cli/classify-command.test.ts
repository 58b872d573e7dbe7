import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { classifyCommand, type FileResult } from '../../lib/cli/classify-command';
import { recordOutput } from '../support/output-recorder';
import { writeTinyBundle } from '../support/tiny-bundle';

describe('sulcus classify', () => {
  let folder: string;
  let model: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-classify-'));
    model = join(folder, 'bundle');
    await writeTinyBundle(model);
    for (const [index, name] of ['a.png', 'b.png', 'c.png'].entries()) {
      const background = { r: 60 * index, g: 90, b: 255 - 80 * index };
      await sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toFile(join(folder, name));
    }
    writeFileSync(join(folder, 'broken.png'), 'not an image');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async (paths: readonly string[], json = false) => {
    const output = recordOutput();
    const exitCode = await classifyCommand(paths, { model, json }, output);
    return { exitCode, ...output };
  };

  test('--json prints one result a line in the order of the files, all labels, unrounded', async () => {
    const files = ['c.png', 'a.png', 'b.png'].map((name) => join(folder, name));

    const { exitCode, lines } = await run(files, true);

    const results = lines.map((line) => JSON.parse(line) as FileResult);
    expect(exitCode).toBe(0);
    expect(results.map((result) => result.file)).toEqual(files);
    for (const { state, label, score, scores, model: made } of results) {
      expect(state).toBe('classified');
      expect(scores.map((entry) => entry.label).sort()).toEqual(['amber', 'birch', 'cedar', 'dune']);
      expect(scores[0]).toMatchObject({ label, score });
      expect(scores.reduce((sum, entry) => sum + entry.score, 0)).toBeCloseTo(1, 12);
      expect(made).toMatchObject({ name: 'tiny-vit', version: '1.0.0' });
    }
  });

  test('a table names each file with its predicted label and score, and the notice goes to stderr', async () => {
    const { lines, notes } = await run([join(folder, 'a.png')]);

    expect(lines[0]).toMatch(/^FILE +PREDICTED LABEL +SCORE$/);
    expect(lines[1]).toMatch(/a\.png +(amber|birch|cedar|dune) +0\.\d{4}$/);
    expect(notes.join()).toMatch(/^Research use only/);
  });

  test('an unreadable file is rejected with its code, the others are classified, and the exit code is 1', async () => {
    const { exitCode, lines } = await run([folder], true);

    const states = Object.fromEntries(
      lines.map((line) => JSON.parse(line) as FileResult).map((result) => [result.file, result.error?.code ?? 'ok']),
    );
    expect(exitCode).toBe(1);
    expect(states).toEqual({
      [join(folder, 'a.png')]: 'ok',
      [join(folder, 'b.png')]: 'ok',
      [join(folder, 'c.png')]: 'ok',
      [join(folder, 'broken.png')]: 'UNSUPPORTED_IMAGE',
    });
  });

  test('a model without a classifier is refused before any file is read', async () => {
    const headless = join(folder, 'headless');
    await writeTinyBundle(headless, { head: 'none' });

    const failing = classifyCommand([join(folder, 'broken.png')], { model: headless }, recordOutput());

    await expect(failing).rejects.toMatchObject({ code: 'MODEL_HAS_NO_LABELS' });
  });

  test('a folder that is no bundle is refused before any file is read', async () => {
    const failing = classifyCommand([join(folder, 'a.png')], { model: folder }, recordOutput());

    await expect(failing).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });
});
