import type { UsageQuery, UsageReport, UsageTotals } from './contract';
import { SulcusError } from './errors';
import { formatRate } from './key-limits';
import { type MeteredCaller, quotaWindow } from './limit-key';
import { ANONYMOUS_USAGE } from './meter-scan';
import type { LimitStore, UsageAmounts, UsageDay, UsageStore } from './ports';
import { PRICE_LIST } from './price-list';

export interface GetUsageDeps {
  readonly usage: UsageStore;
  readonly limits: LimitStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 366;

const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);

/** @throws INVALID_REQUEST when the first day lies after the last or more than a year before it */
const rangeOf = (query: UsageQuery, now: number): { from: string; to: string } => {
  const { to = dayOf(now) } = query;
  // Of a range that only has an end, the month is that of the end.
  const { from = `${to.slice(0, 7)}-01` } = query;
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days < 0) {
    throw new SulcusError('INVALID_REQUEST', `expected from to be at or before to, received ${from} and ${to}`);
  }
  if (days > LONGEST_DAYS) {
    throw new SulcusError('INVALID_REQUEST', `expected at most ${LONGEST_DAYS} days from from to to, received ${days}`);
  }
  return { from, to };
};

const toTotals = (amounts: UsageAmounts): UsageTotals => ({
  scans: amounts.scans,
  rejected: amounts.rejected,
  bytes: amounts.bytes,
  computeMs: amounts.computeMicroseconds / 1e3,
  estimatedCostUsd: amounts.costNanodollars / 1e9,
});

const NOTHING: UsageAmounts = { scans: 0, rejected: 0, bytes: 0, computeMicroseconds: 0, costNanodollars: 0 };

const sumOf = (days: readonly UsageDay[]): UsageAmounts =>
  days.reduce(
    (sum, day): UsageAmounts => ({
      scans: sum.scans + day.scans,
      rejected: sum.rejected + day.rejected,
      bytes: sum.bytes + day.bytes,
      computeMicroseconds: sum.computeMicroseconds + day.computeMicroseconds,
      costNanodollars: sum.costNanodollars + day.costNanodollars,
    }),
    NOTHING,
  );

/**
 * What a key used from day to day, with what it may use.
 * @throws INVALID_REQUEST for a range that is none or too long, STORE_UNAVAILABLE
 */
export const getUsage = async (
  { usage, limits, now }: GetUsageDeps,
  { apiKeyId, limits: { rate, quota } }: MeteredCaller,
  query: UsageQuery,
): Promise<UsageReport> => {
  const asked = now();
  const { from, to } = rangeOf(query, asked);
  const keyId = apiKeyId ?? ANONYMOUS_USAGE;
  const window = quotaWindow(keyId, asked);
  const [days, used] = await Promise.all([
    usage.list(keyId, from, to),
    quota === null ? undefined : limits.taken(window),
  ]);
  return {
    apiKeyId: keyId,
    from,
    to,
    days: days.map(({ day, ...amounts }) => ({ day, ...toTotals(amounts) })),
    totals: toTotals(sumOf(days)),
    rate: rate === null ? null : formatRate(rate),
    quota: quota === null ? null : { limit: quota, used: used ?? 0, resetsAt: new Date(window.endsAt).toISOString() },
    prices: { date: PRICE_LIST.date, region: PRICE_LIST.region },
  };
};
