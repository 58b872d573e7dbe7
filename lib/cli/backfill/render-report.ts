import { type BackfillReport, LISTED_FAILURES } from '../../core/backfill-report';
import type { BackfillOutcome } from '../../core/backfill-scan';
import { NOTICE } from '../../core/contract';
import { renderTable } from '../output';

const MEANINGS: Readonly<Record<BackfillOutcome, string>> = {
  classified: 'classified now',
  rejected: 'rejected now',
  kept: 'had a result of this model',
  due: 'would be classified',
  deleted: 'deleted, or gone',
  expired: 'older than results are kept',
  failed: 'failed; the next run tries them again',
};

const rowsOf = (counts: Readonly<Record<string, number>>, name = (key: string) => key): string[][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([key, count]) => [`  ${name(key)}`, count.toLocaleString('en-US')]);

const section = (title: string, rows: readonly string[][]): string[] =>
  rows.length === 0 ? [] : ['', title, ...renderTable(rows)];

/** A report for a person: what was done, what is stored, and why not. */
export const renderReport = ({ scans, outcomes, states, labels, reasons, failures }: BackfillReport): string[] => [
  `${scans.toLocaleString('en-US')} objects`,
  ...renderTable(rowsOf(outcomes, (outcome) => MEANINGS[outcome as BackfillOutcome])),
  ...section('Stored now, by state', rowsOf(states)),
  ...section('By predicted label', rowsOf(labels)),
  ...section('Reasons', rowsOf(reasons)),
  ...section(
    failures.length < LISTED_FAILURES ? 'Rejected and failed' : `The first ${LISTED_FAILURES} rejected and failed`,
    failures.map(({ key, outcome, code }) => [`  ${outcome}`, code, key]),
  ),
  '',
  NOTICE,
];
