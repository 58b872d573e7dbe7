import { stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { SulcusError } from '../../core/errors';
import { shorten } from '../../core/show-value';
import { findFiles } from '../find-files';
import { readTable, type TableRow } from './read-table';

/** One scan of a labelled set. */
export interface LabelledScan {
  /** 1 for the first of the set, whatever subset is looked at. */
  readonly position: number;
  /** Line of its CSV file; null in a set of folders. */
  readonly row: number | null;
  readonly file: string;
  /** Null where no label is needed and none was given. */
  readonly label: string | null;
  /** Null when the set names no subjects. */
  readonly subject: string | null;
  /** The cells of its row; in a set of folders `label`, and `split` if there are such folders. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface LabelledSetOptions {
  /** Folder that the files of a CSV are relative to. @default the folder of the CSV */
  readonly images?: string;
  /** CSV files with a `file` column, whose other columns are joined to the set. */
  readonly join?: readonly string[];
  /** @default label */
  readonly labelColumn?: string;
  /** @default subject, if there is such a column */
  readonly subjectColumn?: string;
  /** Whether scans without a label are refused. @default true */
  readonly requireLabels?: boolean;
}

const SCANS_FILE = 'scans.csv';
const SPLIT_FOLDERS: readonly string[] = ['train', 'training', 'val', 'valid', 'validation', 'dev', 'test', 'testing'];

/**
 * Reads a labelled set: a CSV file, a folder with `scans.csv`, or a folder with one subfolder a label, which may lie in
 * subfolders named train, val, test and the like. Rows keep their order; files of folders are sorted.
 * @throws INVALID_REQUEST naming what is wrong, and where: no such path or column, no scans, scans without a label, a
 * file that is listed twice
 */
export const readLabelledScans = async (path: string, options: LabelledSetOptions = {}): Promise<LabelledScan[]> => {
  const table = await findTable(path);
  const scans = table === undefined ? await readFolders(path) : await readRows(table, options);
  if (scans.length === 0) throw new SulcusError('INVALID_REQUEST', 'expected a labelled set of scans, received none');
  if (options.requireLabels !== false) requireEveryLabel(scans);
  return scans;
};

/** @returns undefined for a folder without one */
const findTable = async (path: string): Promise<string | undefined> => {
  const kind = await kindOf(path);
  if (kind === 'file') return path;
  if (kind === undefined) {
    throw new SulcusError('INVALID_REQUEST', `expected a folder or CSV file of labelled scans, received ${path}`);
  }
  const table = join(path, SCANS_FILE);
  return (await kindOf(table)) === 'file' ? table : undefined;
};

const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
};

const readRows = async (table: string, options: LabelledSetOptions): Promise<LabelledScan[]> => {
  const { labelColumn = 'label', subjectColumn, requireLabels } = options;
  const required = ['file', ...(requireLabels === false ? [] : [labelColumn])];
  const rows = await joinTables(await readTable(table, required), options.join ?? []);
  requireDistinct(rows);
  const subjects = subjectColumn ?? 'subject';
  const hasSubjects = rows.some(({ cells }) => subjects in cells);
  if (subjectColumn !== undefined && !hasSubjects) {
    throw new SulcusError('INVALID_REQUEST', `expected a column ${subjectColumn} of subjects, received none`);
  }
  const nameless = hasSubjects ? rows.filter(({ cells }) => (cells[subjects] ?? '') === '') : [];
  if (nameless.length > 0) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected a subject for every scan, received none in ${listRows(nameless)}`,
    );
  }
  const folder = options.images ?? dirname(table);
  return rows.map(({ row, cells }, index) => ({
    position: index + 1,
    row,
    file: resolve(folder, cells.file as string),
    label: cells[labelColumn] === '' ? null : (cells[labelColumn] ?? null),
    subject: hasSubjects ? (cells[subjects] as string) : null,
    cells,
  }));
};

const requireDistinct = (rows: readonly TableRow[]): void => {
  const seen = new Map<string, number>();
  for (const { row, cells } of rows) {
    const file = cells.file as string;
    const before = seen.get(file);
    if (file === '') throw new SulcusError('INVALID_REQUEST', `expected a file in row ${row}, received none`);
    if (before !== undefined) {
      throw new SulcusError('INVALID_REQUEST', `expected each file once, received row ${row} as row ${before}`);
    }
    seen.set(file, row);
  }
};

/** Adds the columns of further tables by `file`; a scan that a table lacks has '' there. */
const joinTables = async (rows: readonly TableRow[], files: readonly string[]): Promise<TableRow[]> => {
  let joined = [...rows];
  for (const file of files) {
    const table = await readTable(file, ['file']);
    requireDistinct(table);
    const columns = Object.keys(table[0]?.cells ?? {}).filter((column) => column !== 'file');
    const byFile = new Map(table.map(({ cells }) => [cells.file, cells]));
    const nothing = Object.fromEntries(columns.map((column) => [column, '']));
    joined = joined.map(({ row, cells }) => ({
      row,
      cells: { ...cells, ...(byFile.get(cells.file) ?? nothing), file: cells.file as string },
    }));
  }
  return joined;
};

/** The first folder that is no split is the label. */
const readFolders = async (path: string): Promise<LabelledScan[]> =>
  (await findFiles([path])).map((file, index) => {
    const [first = '', ...rest] = relative(path, file).split(sep).slice(0, -1);
    const isSplit = SPLIT_FOLDERS.includes(first.toLowerCase());
    const label = (isSplit ? rest[0] : first) ?? '';
    const cells: Record<string, string> = isSplit ? { label, split: first } : { label };
    return { position: index + 1, row: null, file, label: label === '' ? null : label, subject: null, cells };
  });

const requireEveryLabel = (scans: readonly LabelledScan[]): void => {
  const unlabelled = scans.filter(({ label }) => label === null);
  if (unlabelled.length === 0) return;
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected a label for every scan (a column, or a subfolder a label), received none for ${listScans(unlabelled)}`,
  );
};

const MOST_NAMED = 5;

const listNumbers = (word: string, numbers: readonly number[]): string => {
  const named = numbers.slice(0, MOST_NAMED).join(', ');
  const more = numbers.length > MOST_NAMED ? ` and ${numbers.length - MOST_NAMED} more` : '';
  return `${word}${numbers.length === 1 ? '' : 's'} ${named}${more}`;
};

const listRows = (rows: readonly TableRow[]): string =>
  listNumbers(
    'row',
    rows.map(({ row }) => row),
  );

/** Scans by row of their file or position in their folder, the first five. */
export const listScans = (scans: readonly Pick<LabelledScan, 'row' | 'position'>[]): string =>
  scans.every(({ row }) => row !== null)
    ? listNumbers(
        'row',
        scans.map(({ row }) => row as number),
      )
    : listNumbers(
        'scan',
        scans.map(({ position }) => position),
      );

/** @throws INVALID_REQUEST naming the labels of the set that are not among these, and where; or a name two of these have */
export const requireKnownLabels = (scans: readonly LabelledScan[], labels: readonly string[]): void => {
  const twice = labels.find((label, index) => labels.indexOf(label) < index);
  if (twice !== undefined) {
    throw new SulcusError('INVALID_REQUEST', `expected a model whose labels differ, received ${shorten(twice)} twice`);
  }
  const unknown = scans.filter(({ label }) => label !== null && !labels.includes(label));
  if (unknown.length === 0) return;
  const names = [...new Set(unknown.map(({ label }) => shorten(label as string)))];
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected labels of the model (${labels.map(shorten).join(', ')}), received ${names.slice(0, MOST_NAMED).join(', ')} ` +
      `in ${listScans(unknown)}`,
  );
};
