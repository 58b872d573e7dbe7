import type { ResultStore, ScanStore } from './ports';
import { uploadKey } from './scan-ids';
import { isTombstone, scanNotFound } from './scan-record';

export interface DeleteScanDeps {
  readonly results: ResultStore;
  readonly scans: ScanStore;
}

/**
 * Removes a scan's result, and its object when POST /v1/scans announced it; other objects belong to whoever put them
 * there. The object goes first: if that fails the record is still there to try again with. A tombstone keeps a
 * redelivered event from bringing the result back.
 * @throws SCAN_NOT_FOUND when there is no such scan (any more), STORE_UNAVAILABLE
 */
export const deleteScan = async ({ results, scans }: DeleteScanDeps, scanId: string): Promise<void> => {
  const stored = await results.get(scanId);
  if (stored === undefined || isTombstone(stored)) throw scanNotFound();
  const { kind, bucket, key } = stored.source;
  if (kind === 'upload' && bucket !== null && key === uploadKey(scanId)) await scans.remove(bucket, key);
  if ((await results.bury(scanId)) === undefined) throw scanNotFound();
};
