import { SulcusError } from './errors';
import type { KeyLimits, Rate } from './key-limits';
import type { LimitStore, LimitWindow } from './ports';

/** Who asks, as limits and counters know them. */
export interface MeteredCaller {
  /** Null when nobody's key asked. */
  readonly apiKeyId: string | null;
  readonly limits: KeyLimits;
}

export interface LimitDeps {
  readonly limits: LimitStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const WINDOW_MS = { second: 1_000, minute: 60_000 } as const;

/** The second or minute of UTC that it is now. */
const rateWindow = (keyId: string, { per }: Rate, now: number): LimitWindow => {
  const start = Math.floor(now / WINDOW_MS[per]) * WINDOW_MS[per];
  return { keyId, name: `${per}#${new Date(start).toISOString()}`, endsAt: start + WINDOW_MS[per] };
};

/** The calendar month of UTC that holds this time. */
export const quotaWindow = (keyId: string, now: number): LimitWindow => {
  const date = new Date(now);
  const endsAt = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
  return { keyId, name: `month#${date.toISOString().slice(0, 7)}`, endsAt };
};

const exceeded = (what: string, endsAt: number, now: number): SulcusError =>
  new SulcusError('QUOTA_EXCEEDED', `expected at most ${what} with this key, received more`, {
    details: { retryAfterSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) },
  });

/**
 * Counts a request that starts a scan against its key's rate. Windows are whole seconds or minutes, so two windows' worth
 * may come within one length of time, never more in one window.
 * @throws QUOTA_EXCEEDED with details.retryAfterSeconds, STORE_UNAVAILABLE
 */
export const takeRate = async ({ limits, now }: LimitDeps, { apiKeyId, limits: { rate } }: MeteredCaller) => {
  if (apiKeyId === null || rate === null) return;
  const asked = now();
  const window = rateWindow(apiKeyId, rate, asked);
  if (await limits.take(window, rate.count)) return;
  throw exceeded(`${rate.count} scans a ${rate.per}`, window.endsAt, asked);
};

/**
 * Takes one scan of a key's monthly quota before the work is done, so that no number of concurrent requests gets past it.
 * @returns hands it back, for work that came to nothing; never throws
 * @throws QUOTA_EXCEEDED with details.retryAfterSeconds, STORE_UNAVAILABLE
 */
export const takeQuota = async (
  { limits, now }: LimitDeps,
  { apiKeyId, limits: { quota } }: MeteredCaller,
): Promise<() => Promise<void>> => {
  if (apiKeyId === null || quota === null) return async () => undefined;
  const asked = now();
  const window = quotaWindow(apiKeyId, asked);
  if (!(await limits.take(window, quota))) throw exceeded(`${quota} scans a month`, window.endsAt, asked);
  // What cannot be handed back is lost to the key until the month ends: that much too little, never too much.
  return () => limits.giveBack(window).catch(() => undefined);
};
