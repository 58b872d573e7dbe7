import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { SulcusError } from '../../core/errors';
import type { ModelManifest } from '../../core/model-manifest';
import { quoteCell } from '../csv';
import { readTable, type TableRow } from '../dataset/read-table';

/** Scans with their logits, in label order, and whose they are. */
export interface LogitTable {
  readonly logits: readonly (readonly number[])[];
  /** Index of each scan's label; null for none of a sigmoid's labels. */
  readonly targets: readonly (number | null)[];
  /** Null when the table names no subjects. */
  readonly subjects: readonly string[] | null;
}

/**
 * Logits of scans as CSV, `label,subject,logit_<label>...`; `subject` may be missing and other columns are left alone. As
 * training/ writes them, of people that the model which made them never saw.
 * @throws INVALID_REQUEST naming the row and what is wrong with it
 */
export const readLogits = async (
  file: string,
  { labels, activation }: Pick<ModelManifest, 'labels' | 'activation'>,
): Promise<LogitTable> => {
  const columns = labels.map((label) => `logit_${label}`);
  const rows = await readTable(file, ['label', ...columns]);
  if (rows.length === 0) throw new SulcusError('INVALID_REQUEST', `expected rows in ${basename(file)}, received none`);
  const hasSubjects = 'subject' in (rows[0]?.cells ?? {});
  return {
    logits: rows.map((row) => columns.map((column) => toLogit(row, column))),
    targets: rows.map((row) => toTarget(row, labels, activation)),
    subjects: hasSubjects ? rows.map(toSubject) : null,
  };
};

/**
 * Writes what `readLogits` reads.
 * @throws CONFIG_INVALID when the file cannot be written
 */
export const writeLogits = async (
  file: string,
  { logits, targets, subjects }: LogitTable,
  { labels }: Pick<ModelManifest, 'labels'>,
): Promise<void> => {
  const header = ['label', ...(subjects === null ? [] : ['subject']), ...labels.map((label) => `logit_${label}`)];
  const rows = logits.map((own, scan) => {
    const subject = subjects?.[scan];
    const label = labels[targets[scan] ?? -1] ?? '';
    // Nine digits tell every float32 from the next.
    return [
      label,
      ...(subject === undefined ? [] : [subject]),
      ...own.map((logit) => String(Number(logit.toPrecision(9)))),
    ];
  });
  const text = [header, ...rows].map((cells) => `${cells.map(quoteCell).join(',')}\n`).join('');
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', `expected a writable file for --write-logits, received ${file}`, { cause });
  }
};

const refuse = (row: number, expected: string, received: string): SulcusError =>
  new SulcusError('INVALID_REQUEST', `expected ${expected} in row ${row}, received ${JSON.stringify(received)}`);

const toLogit = ({ row, cells }: TableRow, column: string): number => {
  const text = cells[column] ?? '';
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw refuse(row, `a finite ${column}`, text);
  return value;
};

const toTarget = (
  { row, cells }: TableRow,
  labels: readonly string[],
  activation: ModelManifest['activation'],
): number | null => {
  const label = cells.label ?? '';
  if (label === '' && activation === 'sigmoid') return null;
  const index = labels.indexOf(label);
  if (index < 0) throw refuse(row, `one of the labels ${labels.join(', ')}`, label);
  return index;
};

const toSubject = ({ row, cells }: TableRow): string => {
  const subject = cells.subject ?? '';
  if (subject === '') throw refuse(row, 'a subject', subject);
  return subject;
};
