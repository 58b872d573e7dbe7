import type { Classification } from './classify-scan';
import { NO_LIMITS } from './key-limits';
import { quotaWindow, takeQuota } from './limit-key';
import { BUCKET_USAGE, countRejected, countScan, type Meter } from './meter-scan';
import type { ApiKeyStore } from './ports';
import type { ScanRecord } from './scan-record';

export interface UploadMeterDeps {
  readonly keys: Pick<ApiKeyStore, 'get'>;
  readonly meter: Meter;
}

/** One scan of a key's quota that an upload stands on. Neither method throws. */
export interface UploadAllowance {
  /** The file was refused: whoever announced it may send another. */
  refused(): Promise<void>;
  /** The event led to nothing, or will come again. */
  undone(): Promise<void>;
}

const NOTHING = async (): Promise<void> => undefined;
const FREE: UploadAllowance = { refused: NOTHING, undone: NOTHING };

/**
 * What an upload uses of a quota. The announcement took one scan, which the first file uses, through failures and
 * repeated events; every further file that is put to the same URL takes one more. Files dropped into the bucket belong
 * to no key.
 * @param stored what is known of the scan before this event
 * @throws QUOTA_EXCEEDED for a further file of a key that has none left, STORE_UNAVAILABLE
 */
export const takeUploadQuota = async (
  { keys, meter }: UploadMeterDeps,
  stored: ScanRecord | undefined,
): Promise<UploadAllowance> => {
  if (stored === undefined || stored.apiKeyId === null) return FREE;
  const { apiKeyId, createdAt } = stored;
  if (stored.state === 'pending' || stored.state === 'failed') {
    const announced = quotaWindow(apiKeyId, Date.parse(createdAt));
    return { refused: () => meter.limits.giveBack(announced).catch(() => undefined), undone: NOTHING };
  }
  const limits = (await keys.get(apiKeyId)) ?? NO_LIMITS;
  const giveBack = await takeQuota(meter, { apiKeyId, limits });
  return { refused: giveBack, undone: giveBack };
};

/** Counts an upload whose result this event stored, for the key that announced it or for none. Never throws. */
export const countUpload = async (
  { meter }: Pick<UploadMeterDeps, 'meter'>,
  { scanId, apiKeyId }: Pick<ScanRecord, 'scanId' | 'apiKeyId'>,
  { classification, bytes = 0 }: { readonly classification?: Classification; readonly bytes?: number },
): Promise<void> => {
  const counted = { keyId: apiKeyId ?? BUCKET_USAGE, scanId, path: 'upload' } as const;
  if (classification === undefined) await countRejected(meter, counted);
  else await countScan(meter, { ...counted, bytes, computeMs: classification.timings.totalMs });
};
