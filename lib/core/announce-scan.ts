import type { AnnouncedScan } from './contract';
import { type LimitDeps, type MeteredCaller, takeQuota, takeRate } from './limit-key';
import type { ResultStore, ScanStore } from './ports';
import { idempotentScanId, randomScanId, sha256Hex, uploadKey } from './scan-ids';
import { type ScanRecord, sameRequest } from './scan-record';

export interface AnnounceScanDeps {
  readonly results: ResultStore;
  readonly scans: ScanStore;
  readonly bucketName: string;
  readonly meter: LimitDeps;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Announcement extends MeteredCaller {
  readonly contentType: string;
  readonly idempotencyKey: string | null;
}

/**
 * Promises a scan id for a file that is uploaded next: keeps a pending record and answers where to PUT the file. The
 * same Idempotency-Key and content type get the same scan id with a fresh upload URL. An announcement takes one scan of
 * the key's quota, whether or not a file follows: checked only when files arrive, any number could be announced.
 * @throws QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED for another content type, SCAN_NOT_FOUND when that scan was deleted, STORE_UNAVAILABLE
 */
export const announceScan = async (deps: AnnounceScanDeps, announcement: Announcement): Promise<AnnouncedScan> => {
  const { contentType, apiKeyId, idempotencyKey } = announcement;
  await takeRate(deps.meter, announcement);
  const keyed = idempotencyKey !== null;
  const scanId = keyed ? await idempotentScanId(apiKeyId ?? '', 'announce', idempotencyKey) : randomScanId();
  const requestHash = keyed ? await sha256Hex(JSON.stringify({ contentType })) : null;
  const key = uploadKey(scanId);
  // The ticket first: if it fails no pending record stays behind, and a ticket nobody receives is worth nothing.
  const ticket = await deps.scans.createUpload(key, contentType);
  const pending: ScanRecord = {
    scanId,
    state: 'pending',
    label: null,
    score: null,
    scores: [],
    truncated: false,
    abstainReason: null,
    model: null,
    source: { kind: 'upload', bucket: deps.bucketName, key, versionId: null },
    timings: null,
    error: null,
    apiKeyId,
    createdAt: new Date(deps.now()).toISOString(),
    sequencer: null,
    requestHash,
  };
  await createWithinQuota(deps, announcement, pending);
  return { scanId, ...ticket, headers: { ...ticket.headers } };
};

/** A scan that was announced before takes nothing, even when the quota is used up since. */
const createWithinQuota = async (
  { results, meter }: AnnounceScanDeps,
  announcement: Announcement,
  pending: ScanRecord,
): Promise<void> => {
  const { scanId, requestHash } = pending;
  const earlier = announcement.idempotencyKey === null ? undefined : await results.get(scanId);
  if (earlier !== undefined) {
    sameRequest(earlier, requestHash);
    return;
  }
  const giveBack = await takeQuota(meter, announcement);
  const stored = await results.createOnce(pending).catch(async (error: unknown) => {
    await giveBack();
    throw error;
  });
  if (stored !== pending) await giveBack();
  sameRequest(stored, requestHash);
};
