import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompileCommandOptions, compileCommand } from '../../lib/cli/compile-command';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { recordOutput } from '../support/output-recorder';
import { tinyScan } from '../support/tiny-scan';
import { type TinyVitOptions, writeTinyCheckpoint } from '../support/tiny-vit';

describe('sulcus compile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-compile-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
  });

  const compile = async (options: Partial<CompileCommandOptions>, checkpoint: TinyVitOptions = {}) => {
    const output = recordOutput();
    await writeTinyCheckpoint(join(folder, 'checkpoint'), checkpoint);
    const out = join(folder, 'bundle');
    await compileCommand(join(folder, 'checkpoint'), { out, modelVersion: '1', ...options }, output);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as ModelManifest;
    return { ...output, manifest };
  };

  const writeScans = (count: number): string => {
    const scans = join(folder, 'scans');
    mkdirSync(scans);
    for (let index = 0; index < count; index++) writeFileSync(join(scans, `Jane Doe ${index}.png`), tinyScan(index));
    return scans;
  };

  test('--calibrate verifies on at most 16 images of a folder, named nowhere in the bundle', async () => {
    const { manifest, lines } = await compile({ calibrate: writeScans(20) });

    expect(manifest.parity).toMatchObject({ images: 16, imageKind: 'calibration folder', exceeded: false });
    expect(lines.join('\n')).toContain('16 images (calibration folder)');
    expect(JSON.stringify(manifest)).not.toContain('Jane');
  });

  test.each<[string, () => string, RegExp]>([
    ['a folder that is not there', () => join(folder, 'nowhere'), /expected a folder of images for --calibrate/],
    ['a file', () => join(writeScans(1), 'Jane Doe 0.png'), /expected a folder of images for --calibrate/],
    ['a folder without images', () => writeScans(0), /expected a folder with images/],
    [
      'a folder with a file that is no image',
      () => {
        const scans = writeScans(1);
        writeFileSync(join(scans, 'broken.png'), 'not an image');
        return scans;
      },
      /broken\.png \(UNSUPPORTED_IMAGE/,
    ],
  ])('--calibrate of %s is refused and leaves no bundle', async (_, calibrate, message) => {
    const compiling = compile({ calibrate: calibrate() });

    await expect(compiling).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder).filter((name) => name.includes('bundle'))).toEqual([]);
  });

  test('--quantize fp32 writes a float bundle and says that it ran', async () => {
    const { manifest, lines, notes } = await compile({ quantize: 'fp32' });

    expect(manifest).toMatchObject({ quantization: { scheme: 'fp32' }, parity: { maxLogitDifference: 0 } });
    expect(lines[2]).toMatch(/^ran on 16 images/);
    expect(notes).toEqual(['reading the checkpoint ...', 'writing the fp32 graph ...', 'running it ...']);
  });

  test('a checkpoint without a classifier says what it gives and how its features compare', async () => {
    const { lines } = await compile({}, { head: 'none' });

    expect(lines[0]).toContain('features only');
    expect(lines[2]).toMatch(/cosine of features at least 0\.\d{4} \(bound 0\.800\)$/);
  });
});
