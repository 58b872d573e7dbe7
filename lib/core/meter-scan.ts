import type { Timings } from './contract';
import { type ErrorCode, isSulcusError } from './errors';
import { createLimitGate } from './limit-gate';
import { type LimitDeps, type MeteredCaller, takeQuota, takeRate } from './limit-key';
import type { Logger, UsageStore } from './ports';
import { PRICE_LIST } from './price-list';
import { createScanCost, type FunctionSize, type ScanCost } from './scan-cost';
import { randomScanId } from './scan-ids';

/** Under these ids is counted what no key asked for: files dropped into the bucket, and API calls without a key. */
export const BUCKET_USAGE = 'bucket';
export const ANONYMOUS_USAGE = 'anonymous';

export interface Meter extends LimitDeps {
  readonly usage: UsageStore;
  /** Estimated nanodollars. */
  readonly costOf: (scan: ScanCost) => number;
  readonly logger: Logger;
}

/** A meter that estimates by the committed price list. */
export const createMeter = ({
  memoryMegabytes,
  architecture,
  limits,
  ...deps
}: Omit<Meter, 'costOf'> & FunctionSize): Meter => ({
  ...deps,
  limits: createLimitGate(limits),
  costOf: createScanCost(PRICE_LIST, { memoryMegabytes, architecture }),
});

export interface CountedScan {
  readonly keyId: string;
  readonly scanId: string;
  readonly path: ScanCost['path'];
  /** Of the image file. */
  readonly bytes: number;
  /** Decoding, resizing and the forward pass. */
  readonly computeMs: number;
}

const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);

/** A counter that fails must not fail the scan that it counts: what is missing then stands in the log. */
const add = async (
  { usage, logger, now }: Meter,
  { keyId, scanId }: Pick<CountedScan, 'keyId' | 'scanId'>,
  amounts: Parameters<UsageStore['add']>[3],
): Promise<void> => {
  try {
    await usage.add(keyId, dayOf(now()), scanId, amounts);
  } catch (error) {
    logger.error('usage not counted', error, { apiKeyId: keyId, scanId, ...amounts });
  }
};

/** Counts one scan of today. Call it once a scan that took effect: after the write that stored it, if one did. */
export const countScan = async (meter: Meter, scan: CountedScan): Promise<void> => {
  const { path, bytes, computeMs } = scan;
  await add(meter, scan, {
    scans: 1,
    rejected: 0,
    bytes,
    computeMicroseconds: Math.round(computeMs * 1000),
    costNanodollars: meter.costOf({ path, computeMs, bytes }),
  });
};

/**
 * Counts a file that was refused. It is no scan, uses no quota and costs a request: whoever sends broken files should
 * see how many, and not pay for labels that they did not get.
 */
export const countRejected = async (
  meter: Meter,
  scan: Pick<CountedScan, 'keyId' | 'scanId' | 'path'>,
): Promise<void> => {
  const costNanodollars = meter.costOf({ path: scan.path, computeMs: 0, bytes: 0 });
  await add(meter, scan, { scans: 0, rejected: 1, bytes: 0, computeMicroseconds: 0, costNanodollars });
};

const REFUSALS: ReadonlySet<ErrorCode> = new Set(['IMAGE_TOO_LARGE', 'UNSUPPORTED_IMAGE', 'UNREADABLE_IMAGE']);

export interface MeteredWork<Result> {
  readonly result: Result;
  /** Null when this call led to no scan of its own, as when a concurrent one of the same Idempotency-Key was faster. */
  readonly computeMs: number | null;
}

/**
 * A scan that an API call asks for: takes one of the key's quota first, counts it once it is done, and hands the one
 * back when it came to nothing.
 * @throws QUOTA_EXCEEDED before the work starts, and what the work throws
 */
export const meterScan = async <Result>(
  meter: Meter,
  caller: MeteredCaller,
  { scanId, bytes }: Pick<CountedScan, 'scanId' | 'bytes'>,
  work: () => Promise<MeteredWork<Result>>,
): Promise<Result> => {
  const giveBack = await takeQuota(meter, caller);
  const counted = { keyId: caller.apiKeyId ?? ANONYMOUS_USAGE, scanId, path: 'api' } as const;
  try {
    const { result, computeMs } = await work();
    if (computeMs === null) await giveBack();
    else await countScan(meter, { ...counted, bytes, computeMs });
    return result;
  } catch (error) {
    await giveBack();
    if (isSulcusError(error) && REFUSALS.has(error.code)) await countRejected(meter, counted);
    throw error;
  }
};

/**
 * A run of the model whose answer is kept nowhere: one scan of the key's rate, quota and usage like any other.
 * @throws QUOTA_EXCEEDED before the run starts, and what the run throws
 */
export const meterModelRun = async <Result extends { readonly timings: Timings }>(
  meter: Meter,
  caller: MeteredCaller,
  bytes: Uint8Array,
  run: (scanId: string) => Promise<Result>,
): Promise<Result> => {
  await takeRate(meter, caller);
  const scanId = randomScanId();
  return meterScan(meter, caller, { scanId, bytes: bytes.length }, async () => {
    const result = await run(scanId);
    return { result, computeMs: result.timings.totalMs };
  });
};
