import { relative } from 'node:path';
import type { Agreement } from '../../core/audit/agreement';
import type { Audit, DuplicatePair } from '../../core/audit/audit-scans';
import { NOTICE } from '../../core/contract';
import type { LabelledScan } from '../dataset/labelled-scans';

export interface FailedFile {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export interface NamedPair {
  readonly files: readonly [string, string];
  readonly distance: number;
}

/** What `sulcus audit --json` prints. Files are as the set names them: the report is for whoever owns it. */
export interface AuditReport {
  readonly schemaVersion: 1;
  readonly scans: number;
  readonly failed: readonly FailedFile[];
  readonly heads: {
    readonly count: number;
    readonly largest: number;
    /** Scans that are in a head by themselves. */
    readonly alone: number;
  };
  readonly duplicates: readonly NamedPair[];
  readonly leakage: {
    /** Column of the splits. */
    readonly column: string;
    readonly scansPerSplit: Readonly<Record<string, number>>;
    readonly heads: readonly {
      readonly head: string;
      readonly perSplit: Readonly<Record<string, number>>;
      readonly files: readonly string[];
    }[];
    readonly scans: number;
    readonly duplicates: readonly NamedPair[];
    readonly subjects: number | null;
  } | null;
  readonly labelHints: readonly {
    readonly file: string;
    readonly label: string;
    readonly head: string;
    readonly headLabel: string;
    readonly agreeing: number;
    readonly labelled: number;
  }[];
  readonly agreement: Agreement | null;
  readonly notice: string;
}

/** Name of a head in reports and in the table of `--heads`. */
export const headName = (head: number): string => `head-${String(head + 1).padStart(3, '0')}`;

/** As the CSV names it, or from the folder of the set on. */
export const fileName = ({ cells, file }: LabelledScan, set: string): string => cells.file ?? relative(set, file);

export interface ReportInput {
  readonly set: string;
  readonly scans: readonly LabelledScan[];
  readonly failed: readonly FailedFile[];
  readonly audit: Audit;
  readonly column: string;
}

export const toReport = ({ set, scans, failed, audit, column }: ReportInput): AuditReport => {
  const { heads, duplicates, leakage, labelHints, agreement } = audit;
  const nameOf = (scan: number): string => fileName(scans[scan] as LabelledScan, set);
  const named = ({ scans: [first, second], distance }: DuplicatePair): NamedPair => ({
    files: [nameOf(first), nameOf(second)],
    distance,
  });
  const sizes = [...countBy(heads).values()];
  const splits = countBy(scans.map(({ cells }) => cells[column] ?? ''));
  return {
    schemaVersion: 1,
    scans: scans.length,
    failed,
    heads: {
      count: sizes.length,
      largest: sizes.reduce((a, b) => Math.max(a, b), 0),
      alone: sizes.filter((size) => size === 1).length,
    },
    duplicates: duplicates.map(named),
    leakage: leakage && {
      column,
      scansPerSplit: Object.fromEntries([...splits].sort()),
      heads: leakage.heads.map(({ head, perSplit, scans: members }) => ({
        head: headName(head),
        perSplit,
        files: members.map(nameOf),
      })),
      scans: leakage.heads.reduce((sum, { scans: members }) => sum + members.length, 0),
      duplicates: leakage.duplicates.map(named),
      subjects: leakage.subjects,
    },
    labelHints: labelHints.map(({ scan, head, ...hint }) => ({ file: nameOf(scan), head: headName(head), ...hint })),
    agreement,
    notice: NOTICE,
  };
};

const countBy = <Key>(keys: readonly Key[]): Map<Key, number> => {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};
