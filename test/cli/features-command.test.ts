import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileFeatures, featuresCommand } from '../../lib/cli/features-command';
import { recordOutput } from '../support/output-recorder';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

describe('sulcus features', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-features-'));
    await writeTinyBundle(join(folder, 'headless'), { head: 'pooler' });
    await writeTinyBundle(join(folder, 'labelled'));
    writeFileSync(join(folder, 'a.png'), tinyScan(1));
    writeFileSync(join(folder, 'b.png'), tinyScan(2));
    writeFileSync(join(folder, 'broken.png'), 'not an image');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async (files: readonly string[], options: { model: string; json?: boolean; attention?: boolean }) => {
    const output = recordOutput();
    const paths = files.map((file) => join(folder, file));
    const exitCode = await featuresCommand(paths, { ...options, model: join(folder, options.model) }, output);
    return { exitCode, ...output };
  };
  const parse = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as FileFeatures);

  test('--json prints one result a line in the order of the files: features, pooled, no attention', async () => {
    const { exitCode, lines } = await run(['b.png', 'a.png'], { model: 'headless', json: true });

    const results = parse(lines);
    expect(exitCode).toBe(0);
    expect(results.map(({ file }) => file)).toEqual([join(folder, 'b.png'), join(folder, 'a.png')]);
    for (const { state, features, featuresBase64, pooled, attention, error } of results) {
      const bytes = Buffer.from(featuresBase64!, 'base64');
      expect(state).toBe('extracted');
      expect(features).toHaveLength(32);
      expect(features!.map((_, index) => bytes.readFloatLE(index * 4))).toEqual(features);
      expect(pooled).toHaveLength(32);
      expect([attention, error]).toEqual([null, null]);
    }
    expect(results[0]!.features).not.toEqual(results[1]!.features);
  });

  test('--attention adds weights by head, whatever the model is for', async () => {
    const { lines } = await run(['a.png'], { model: 'labelled', json: true, attention: true });

    const [result] = parse(lines);
    expect(result).toMatchObject({ pooled: null, attention: { heads: 2, grid: { height: 4, width: 4 } } });
    for (const weights of result!.attention!.weights) {
      expect(weights).toHaveLength(17);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  });

  test('an unreadable file is rejected with its code, the others are not, and the exit code is 1', async () => {
    const { exitCode, lines } = await run(['broken.png', 'a.png'], { model: 'headless', json: true });

    expect(exitCode).toBe(1);
    expect(parse(lines).map(({ state, features, error }) => [state, features?.length, error?.code])).toEqual([
      ['rejected', undefined, 'UNSUPPORTED_IMAGE'],
      ['extracted', 32, undefined],
    ]);
  });

  test('without --json a table names each file, how many features it has and the first of them', async () => {
    const { lines, notes } = await run(['a.png'], { model: 'headless' });

    expect(lines[0]).toMatch(/^FILE +FEATURES +FIRST FOUR$/);
    expect(lines[1]).toMatch(/a\.png +32 +(-?\d\.\d{4} ){4}\.\.\.$/);
    expect(notes.join()).toMatch(/^Research use only/);
  });
});
