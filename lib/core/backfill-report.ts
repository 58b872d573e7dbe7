import { z } from 'zod';
import { type BackfilledScan, type BackfillOutcome, backfillOutcomes } from './backfill-scan';

/** Failures and rejections that a report names; it counts all of them. */
export const LISTED_FAILURES = 1000;

const count = z.int().nonnegative();
const countsBy = <Key extends z.ZodType<string | number | symbol>>(key: Key) => z.record(key, count);

/** What a backfill, or a part of one, came to. Parts add up: `mergeReports`. */
export const backfillReportSchema = z.object({
  /** Objects looked at. */
  scans: count,
  /** What was done. */
  outcomes: countsBy(z.enum(backfillOutcomes)),
  /** What is stored now, of this run or from before, by state and by label. */
  states: countsBy(z.string()),
  labels: countsBy(z.string()),
  /** Why not, of rejections stored and of failures, by code. */
  reasons: countsBy(z.string()),
  /** The first of them. Keys are names of people's files: they stand here, where they were asked for, and in no log. */
  failures: z.array(z.object({ key: z.string(), outcome: z.enum(['rejected', 'failed']), code: z.string() })),
});
export type BackfillReport = z.output<typeof backfillReportSchema>;

const noOutcomes = (): Record<BackfillOutcome, number> =>
  Object.fromEntries(backfillOutcomes.map((outcome) => [outcome, 0])) as Record<BackfillOutcome, number>;

export const emptyReport = (): BackfillReport => ({
  scans: 0,
  outcomes: noOutcomes(),
  states: {},
  labels: {},
  reasons: {},
  failures: [],
});

const one = (key: string | null | undefined): Record<string, number> =>
  key === null || key === undefined ? {} : { [key]: 1 };

/** The report of a single object. @param code why it failed; of a rejection its record says it */
export const reportOf = (
  key: string,
  { outcome, record }: Pick<BackfilledScan, 'outcome' | 'record'>,
  code?: string,
): BackfillReport => {
  const reason = code ?? (record?.state === 'rejected' ? record.error?.code : undefined);
  const listed = outcome === 'rejected' || outcome === 'failed';
  return {
    scans: 1,
    outcomes: { ...noOutcomes(), [outcome]: 1 },
    states: one(record?.state),
    labels: one(record?.label),
    reasons: one(reason),
    failures: listed && reason !== undefined ? [{ key, outcome, code: reason }] : [],
  };
};

const sum = <Counts extends Record<string, number>>(a: Counts, b: Counts): Counts => {
  const both = { ...a } as Record<string, number>;
  for (const [key, value] of Object.entries(b)) both[key] = (both[key] ?? 0) + value;
  return both as Counts;
};

export const mergeReports = (a: BackfillReport, b: BackfillReport): BackfillReport => ({
  scans: a.scans + b.scans,
  outcomes: sum(a.outcomes, b.outcomes),
  states: sum(a.states, b.states),
  labels: sum(a.labels, b.labels),
  reasons: sum(a.reasons, b.reasons),
  failures:
    a.failures.length >= LISTED_FAILURES ? a.failures : [...a.failures, ...b.failures].slice(0, LISTED_FAILURES),
});

/** The same report with as many of its failures named as fit into so many characters of JSON. */
export const fitReport = (report: BackfillReport, characters: number): BackfillReport => {
  let left = characters - JSON.stringify({ ...report, failures: [] }).length;
  const failures = report.failures.filter((failure) => {
    left -= JSON.stringify(failure).length + 1;
    return left >= 0;
  });
  return { ...report, failures };
};
