import { RESULT_SUFFIX } from '../topology';
import type { ResultStore, ScanStore } from './ports';
import { uploadKey } from './scan-ids';
import { isTombstone, type ScanRecord, scanNotFound } from './scan-record';

export interface DeleteScanDeps {
  readonly results: ResultStore;
  readonly scans: ScanStore;
  /** Ours; objects of any other bucket are never removed. */
  readonly bucketName: string;
  /** Whether results are written beside scans. @default false */
  readonly resultObjects?: boolean;
}

/**
 * Removes a scan's result, also the one beside its scan, and its object when POST /v1/scans announced it; other objects
 * belong to whoever put them there, and nothing is removed from another bucket than ours. Objects go first: if that
 * fails the record is still there to try again with. A tombstone keeps a redelivered event from bringing the result back.
 * @throws SCAN_NOT_FOUND when there is no such scan (any more), STORE_UNAVAILABLE
 */
export const deleteScan = async (deps: DeleteScanDeps, scanId: string): Promise<void> => {
  const { results, scans } = deps;
  const stored = await results.get(scanId);
  if (stored === undefined || isTombstone(stored)) throw scanNotFound();
  for (const key of objectsOf(deps, stored)) await scans.remove(deps.bucketName, key);
  if ((await results.bury(scanId)) === undefined) throw scanNotFound();
};

const objectsOf = ({ bucketName, resultObjects = false }: DeleteScanDeps, { scanId, source }: ScanRecord): string[] => {
  const { kind, bucket, key } = source;
  if (kind !== 'upload' || key === null || bucket !== bucketName) return [];
  return [...(key === uploadKey(scanId) ? [key] : []), ...(resultObjects ? [`${key}${RESULT_SUFFIX}`] : [])];
};
