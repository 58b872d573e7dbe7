import { writeFile } from 'node:fs/promises';
import { createImageDecoder } from '../adapters/image';
import { type AuditedScan, auditScans } from '../core/audit/audit-scans';
import { describePicture } from '../core/audit/describe-picture';
import { SulcusError } from '../core/errors';
import type { ImageDecoder } from '../core/ports';
import { type AuditReport, type FailedFile, fileName, headName, toReport } from './audit/report';
import { renderAudit } from './audit/text';
import { quoteCell } from './csv';
import { type LabelledScan, readLabelledScans } from './dataset/labelled-scans';
import { parseSelector, selectScans } from './dataset/select-scans';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { inOrder, readScan, rejectionOf } from './scan-files';

export interface AuditOptions {
  readonly images?: string;
  readonly join?: readonly string[];
  readonly labels?: string;
  readonly subjects?: string;
  readonly split?: readonly string[];
  /** Column of the splits that no head may be in several of; by default `split`, where there is one. */
  readonly splits?: string;
  /** CSV to write `file,head` to. */
  readonly heads?: string;
  readonly json?: boolean;
}

const DEFAULT_COLUMN = 'split';

/**
 * `sulcus audit`: finds the heads of a labelled set from the pixels, and says what of them is on several sides, there twice
 * or labelled in several ways. No model is involved.
 * @returns failed when heads, duplicates or the set's own subjects are in several splits, or a scan could not be read; label hints are only hints
 * @throws INVALID_REQUEST for a set that cannot be read as a whole, CONFIG_INVALID for `heads`
 */
export const auditCommand = async (set: string, options: AuditOptions, output: Output): Promise<number> => {
  const { images, join, labels: labelColumn, subjects: subjectColumn, splits: column = DEFAULT_COLUMN } = options;
  const all = await readLabelledScans(set, { images, join, labelColumn, subjectColumn, requireLabels: false });
  const chosen = selectScans(all, (options.split ?? []).map(parseSelector)).scans;
  if (options.splits !== undefined && !chosen.some(({ cells }) => column in cells)) {
    throw new SulcusError('INVALID_REQUEST', `expected a column ${column} of splits, received none`);
  }
  const { scans, audited, failed } = await describeAll(chosen, column, set, output);
  const audit = auditScans(audited);
  const report = toReport({ set, scans, failed, audit, column });
  if (options.heads !== undefined) await writeHeads(options.heads, set, scans, audit.heads);
  if (options.json) output.line(JSON.stringify(report));
  else for (const line of renderAudit(report)) output.line(line);
  return leaks(report) || failed.length > 0 ? EXIT.failed : EXIT.ok;
};

const leaks = ({ leakage }: AuditReport): boolean =>
  leakage !== null && (leakage.heads.length > 0 || leakage.duplicates.length > 0 || (leakage.subjects ?? 0) > 0);

interface Described {
  /** Those that could be read. */
  readonly scans: readonly LabelledScan[];
  readonly audited: readonly AuditedScan[];
  readonly failed: readonly FailedFile[];
}

const describeAll = async (
  scans: readonly LabelledScan[],
  column: string,
  set: string,
  output: Output,
): Promise<Described> => {
  const decoder = createImageDecoder();
  const bar = output.progress(scans.length);
  const hasSplits = scans.some(({ cells }) => column in cells);
  const read: LabelledScan[] = [];
  const audited: AuditedScan[] = [];
  const failed: FailedFile[] = [];
  const describe = async (scan: LabelledScan) => ({ scan, outcome: await describeOne(decoder, scan) });
  for await (const { scan, outcome } of inOrder(scans, describe)) {
    bar.advance();
    if (outcome instanceof Float32Array) {
      const { label, subject, cells } = scan;
      read.push(scan);
      audited.push({ vector: outcome, label, subject, split: hasSplits ? (cells[column] ?? '') : null });
    } else failed.push({ file: fileName(scan, set), ...outcome });
  }
  bar.stop();
  if (read.length > 0) return { scans: read, audited, failed };
  throw new SulcusError('INVALID_REQUEST', `expected scans that can be read, received ${failed.length} that cannot`);
};

const describeOne = async (
  decoder: ImageDecoder,
  { file }: LabelledScan,
): Promise<Float32Array | ReturnType<typeof rejectionOf>> => {
  try {
    const image = await decoder.decode(await readScan(file));
    try {
      return describePicture(image);
    } finally {
      image.dispose();
    }
  } catch (error) {
    return rejectionOf(error);
  }
};

/** A table for `--join`, whose heads `--subjects head` takes for subjects. */
const writeHeads = async (
  path: string,
  set: string,
  scans: readonly LabelledScan[],
  heads: readonly number[],
): Promise<void> => {
  const rows = scans.map((scan, index) => `${quoteCell(fileName(scan, set))},${headName(heads[index] as number)}\n`);
  try {
    await writeFile(path, ['file,head\n', ...rows].join(''));
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', `expected a writable file for --heads, received ${path}`, { cause });
  }
};
