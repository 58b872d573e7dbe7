import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type LabelledSetOptions,
  listScans,
  readLabelledScans,
  requireKnownLabels,
} from '../../../lib/cli/dataset/labelled-scans';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sulcus-dataset-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text = ''): string => {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};
const refusal = (path: string, options?: LabelledSetOptions) =>
  readLabelledScans(path, options).then(
    () => 'no refusal',
    (error) => `${error.code}: ${error.message}`,
  );

describe('a folder with one subfolder a label', () => {
  test('the first subfolder is the label, however deep the file lies; files are sorted', async () => {
    for (const path of ['b/2.png', 'a/deep/er/1.jpg', 'b/1.png', 'a/notes.txt', 'a/.hidden.png']) write(path);

    const scans = await readLabelledScans(folder);

    expect(scans.map(({ file, label, subject }) => [file.slice(folder.length + 1), label, subject])).toEqual([
      ['a/deep/er/1.jpg', 'a', null],
      ['b/1.png', 'b', null],
      ['b/2.png', 'b', null],
    ]);
    expect(scans.map(({ position, row }) => [position, row])).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ]);
  });

  test('train, test and the like are splits, the subfolder below is the label', async () => {
    for (const path of ['train/a/1.png', 'Test/b/2.png']) write(path);

    const scans = await readLabelledScans(folder);

    expect(scans.map(({ cells }) => cells)).toEqual([
      { label: 'b', split: 'Test' },
      { label: 'a', split: 'train' },
    ]);
  });

  test('a file beside the subfolders has no label and is named by its position, not its name', async () => {
    for (const path of ['a/1.png', 'secret-name.png']) write(path);

    expect(await refusal(folder)).toMatch(/^INVALID_REQUEST: expected a label for every scan .* none for scan 2$/);
    expect(await readLabelledScans(folder, { requireLabels: false })).toHaveLength(2);
  });
});

describe('a CSV file', () => {
  test('quotes, commas, spaces, Windows line ends, a byte order mark and columns of any order', async () => {
    const csv = write(
      'set.csv',
      '\ufeffsubject, label ,file\r\n"p, 1","very ""mild""",x/1.png\r\n\r\np2,none, 2.png\r\n',
    );

    const scans = await readLabelledScans(csv);

    expect(scans.map(({ row, label, subject, file }) => [row, label, subject, file])).toEqual([
      [2, 'very "mild"', 'p, 1', join(folder, 'x/1.png')],
      [4, 'none', 'p2', join(folder, '2.png')],
    ]);
  });

  test('scans.csv of a folder is found; other columns are named, files lie elsewhere', async () => {
    write('scans.csv', 'file,who,what\n1.png,p,a\n');

    const [scan] = await readLabelledScans(folder, { labelColumn: 'what', subjectColumn: 'who', images: '/elsewhere' });

    expect(scan).toMatchObject({ label: 'a', subject: 'p', file: '/elsewhere/1.png' });
  });

  test('further tables are joined by file', async () => {
    const csv = write('set.csv', 'file,label\n1.png,a\n2.png,b\n');
    const split = write('split.csv', 'use,file\ntest,2.png\n');

    const scans = await readLabelledScans(csv, { join: [split] });

    expect(scans.map(({ label, cells }) => [label, cells.use])).toEqual([
      ['a', ''],
      ['b', 'test'],
    ]);
  });

  test.each([
    [
      'no header of that name',
      'path,label\n1.png,a\n',
      /expected columns file, label in set.csv, received path, label/,
    ],
    ['a column twice', 'file,label,label\n1.png,a,b\n', /received column label twice/],
    ['a short row', 'file,label\n1.png,a\n2.png\n', /expected a CSV table for set.csv, .*line 3/],
    ['an open quote', 'file,label\n1.png,"a\n', /expected a CSV table for set.csv/],
    ['a file twice', 'file,label\n1.png,a\n2.png,a\n1.png,b\n', /each file once, received row 4 as row 2/],
    ['no file', 'file,label\n,a\n', /expected a file in row 2/],
    ['rows without a label', 'file,label\n1.png,\n2.png,a\n3.png,\n', /for every scan .* for rows 2, 4/],
    ['rows without a subject', 'file,label,subject\n1.png,a,p\n2.png,a,\n', /subject for every scan, .* row 3/],
    ['a header alone', 'file,label\n', /expected a labelled set of scans, received none/],
    ['nothing', '', /expected columns file, label in set.csv, received no header/],
  ])('with %s is refused, saying where', async (_, text, message) => {
    const refused = await refusal(write('set.csv', text));

    expect(refused).toMatch(/^INVALID_REQUEST/);
    expect(refused).toMatch(message);
  });

  test('bytes that are no UTF-8, a subject column that is not there, and no such path are refused', async () => {
    const csv = write('set.csv', 'file,label\n1.png,a\n');
    const binary = join(folder, 'binary.csv');
    writeFileSync(binary, Buffer.of(0xff, 0xfe, 0x00));

    expect(await refusal(binary)).toMatch('expected a readable UTF-8 file for binary.csv');
    expect(await refusal(csv, { subjectColumn: 'who' })).toMatch('expected a column who of subjects, received none');
    expect(await refusal(join(folder, 'gone'))).toMatch('expected a folder or CSV file of labelled scans');
  });
});

describe('labels of the model', () => {
  const scanOf = (label: string, row: number) => ({ label, row, position: row, file: '', subject: null, cells: {} });

  test('others are refused by name and place', () => {
    const scans = ['a', 'x', 'b', 'y', 'x'].map((label, index) => scanOf(label, index + 2));

    expect(() => requireKnownLabels(scans, ['a', 'b'])).toThrow(
      'expected labels of the model (a, b), received x, y in rows 3, 5, 6',
    );
    expect(() => requireKnownLabels(scans.slice(0, 1), ['a', 'b'])).not.toThrow();
  });

  test('a model with one name for two labels is refused: what a scan of it is cannot be told', () => {
    expect(() => requireKnownLabels([scanOf('a', 2)], ['a', 'b', 'a'])).toThrow('labels differ, received a twice');
  });

  test('places beyond the fifth are counted', () => {
    const scans = Array.from({ length: 8 }, (_, index) => ({ row: null, position: index + 1 }));

    expect(listScans(scans)).toBe('scans 1, 2, 3, 4, 5 and 3 more');
  });
});
