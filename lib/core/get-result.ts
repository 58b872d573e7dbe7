import type { ListQuery, ScanList, ScanResult } from './contract';
import { SulcusError } from './errors';
import type { ResultStore } from './ports';
import { isTombstone, scanNotFound, toScanResult } from './scan-record';

/** The result of one scan. @throws SCAN_NOT_FOUND when there is none or it was deleted, STORE_UNAVAILABLE */
export const getResult = async (results: ResultStore, scanId: string): Promise<ScanResult> => {
  const stored = await results.get(scanId);
  if (stored === undefined || isTombstone(stored)) throw scanNotFound();
  return toScanResult(stored);
};

/**
 * A page of results, newest first.
 * @throws INVALID_REQUEST when `from` lies after `to` or the cursor is not one of ours, STORE_UNAVAILABLE
 */
export const listResults = async (results: ResultStore, { cursor, limit, ...filter }: ListQuery): Promise<ScanList> => {
  const { from, to } = filter;
  if (from !== undefined && to !== undefined && from > to) {
    throw new SulcusError('INVALID_REQUEST', `expected from to be at or before to, received ${from} and ${to}`);
  }
  const { records, nextCursor } = await results.list(filter, limit, cursor);
  return { items: records.map(toScanResult), nextCursor };
};
