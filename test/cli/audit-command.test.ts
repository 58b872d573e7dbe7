import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { AuditReport } from '../../lib/cli/audit/report';
import { type AuditOptions, auditCommand } from '../../lib/cli/audit-command';
import type { Raster } from '../../lib/core/resample';
import { recordOutput } from '../support/output-recorder';
import { pngChunk, pngHeader, pngOf } from '../support/png-writer';
import { syntheticHead } from '../support/synthetic-heads';

const PEOPLE = 4;
const SLICES = 8;

const toPng = ({ pixels, width, height }: Raster): Buffer => {
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return pngOf(pngHeader(width, height), pngChunk('IDAT', deflateSync(rows)));
};

describe('sulcus audit', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-audit-'));
    const rows: string[] = [];
    for (let person = 0; person < PEOPLE; person++) {
      const head = syntheticHead(person + 1);
      for (let slice = 0; slice < SLICES; slice++) {
        const file = `${person}-${slice}.png`;
        writeFileSync(join(folder, file), toPng(head(slice)));
        const byPerson = person === 0 ? 'test' : 'train';
        rows.push(`${file},${person % 2},p${person},${byPerson},${slice < 2 ? 'test' : 'train'}`);
      }
    }
    writeFileSync(join(folder, 'scans.csv'), ['file,label,subject,split,random', ...rows, ''].join('\n'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const audit = async (options: AuditOptions = {}, set = folder) => {
    const output = recordOutput();
    const exitCode = await auditCommand(set, options, output);
    return { exitCode, ...output };
  };
  const reportOf = ({ lines }: { readonly lines: readonly string[] }): AuditReport => JSON.parse(lines.join('\n'));

  test('finds the people from the pixels, and nothing wrong where each is on one side', async () => {
    const { exitCode, ...output } = await audit({ json: true });

    const report = reportOf(output);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({
      scans: PEOPLE * SLICES,
      failed: [],
      heads: { count: PEOPLE, largest: SLICES, alone: 0 },
      duplicates: [],
      leakage: { column: 'split', scansPerSplit: { test: 8, train: 24 }, heads: [], scans: 0, subjects: 0 },
      labelHints: [],
      agreement: { exact: PEOPLE, mixed: 0, pairPrecision: 1, pairRecall: 1 },
    });
  });

  test('fails over a split that divides people, and names their files', async () => {
    const { exitCode, ...output } = await audit({ splits: 'random', json: true });

    const { leakage } = reportOf(output);
    expect(exitCode).toBe(1);
    expect(leakage).toMatchObject({ column: 'random', scans: PEOPLE * SLICES, subjects: PEOPLE });
    expect(leakage?.heads).toHaveLength(PEOPLE);
    expect(leakage?.heads[0]).toMatchObject({ head: 'head-001', perSplit: { test: 2, train: 6 } });
    expect(leakage?.heads[0]?.files).toContain('0-7.png');
  });

  test('says so to a person', async () => {
    const { lines } = await audit({ splits: 'random' });

    const text = lines.join('\n');
    expect(text).toContain('32 scans, 4 heads found from the pixels');
    expect(text).toContain('pairs precision 1.0000, recall 1.0000');
    expect(text).toContain(
      "LEAKAGE: 4 heads in more than one split (32 scans), 0 duplicates across splits; by the set's",
    );
    expect(text).toContain('Research use only');
  });

  test('writes heads that another command takes for subjects', async () => {
    const heads = join(folder, 'heads.csv');

    await audit({ heads });

    const [header, first, ...rest] = readFileSync(heads, 'utf8').trim().split('\n');
    expect([header, first]).toEqual(['file,head', '0-0.png,head-001']);
    expect(new Set(rest.map((row) => row.split(',')[1])).size).toBe(PEOPLE);
    const { exitCode } = await audit({ join: [heads], subjects: 'head' });
    expect(exitCode).toBe(0);
  });

  test('goes on past a file that is no picture, and fails', async () => {
    const set = join(folder, 'with-text');
    mkdirSync(join(set, 'train', 'a'), { recursive: true });
    mkdirSync(join(set, 'test', 'a'), { recursive: true });
    const head = syntheticHead(9);
    writeFileSync(join(set, 'train', 'a', '0.png'), toPng(head(0)));
    writeFileSync(join(set, 'test', 'a', '1.png'), toPng(syntheticHead(10)(1)));
    writeFileSync(join(set, 'test', 'a', '2.png'), 'no picture');

    const { exitCode, lines, notes } = await audit({}, set);

    expect(exitCode).toBe(1);
    expect(lines).toContain('not read: 1 file');
    expect(lines.join('\n')).toContain('2.png: UNSUPPORTED_IMAGE');
    expect(lines.join('\n')).toContain('splits by split: test 1, train 1');
    expect(notes).toEqual([]);
  });

  test('refuses a column that is not there, and a folder of heads', async () => {
    await expect(audit({ splits: 'fold' })).rejects.toThrow('expected a column fold of splits, received none');
    await expect(audit({ heads: folder })).rejects.toThrow('expected a writable file for --heads');
  });
});
