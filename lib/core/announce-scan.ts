import type { AnnouncedScan } from './contract';
import type { ResultStore, ScanStore } from './ports';
import { idempotentScanId, randomScanId, sha256Hex, uploadKey } from './scan-ids';
import { type ScanRecord, sameRequest } from './scan-record';

export interface AnnounceScanDeps {
  readonly results: ResultStore;
  readonly scans: ScanStore;
  readonly bucketName: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Announcement {
  readonly contentType: string;
  readonly apiKeyId: string | null;
  readonly idempotencyKey: string | null;
}

/**
 * Promises a scan id for a file that is uploaded next: keeps a pending record and answers where to PUT the file. The
 * same Idempotency-Key and content type get the same scan id with a fresh upload URL.
 * @throws IDEMPOTENCY_KEY_REUSED for another content type, SCAN_NOT_FOUND when that scan was deleted, STORE_UNAVAILABLE
 */
export const announceScan = async (deps: AnnounceScanDeps, announcement: Announcement): Promise<AnnouncedScan> => {
  const { contentType, apiKeyId, idempotencyKey } = announcement;
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
    model: null,
    source: { kind: 'upload', bucket: deps.bucketName, key, versionId: null },
    timings: null,
    error: null,
    apiKeyId,
    createdAt: new Date(deps.now()).toISOString(),
    sequencer: null,
    requestHash,
  };
  sameRequest(await deps.results.createOnce(pending), requestHash);
  return { scanId, ...ticket, headers: { ...ticket.headers } };
};
