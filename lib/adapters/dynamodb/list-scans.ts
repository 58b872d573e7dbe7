import type { ListFilter } from '../../core/ports';
import { isTombstone, type ScanRecord, type Tombstone } from '../../core/scan-record';
import { TABLE } from '../../topology';
import { decodeCursor, encodeCursor, positionOf } from './cursor';
import { type IndexEntry, type IndexRange, walkIndex } from './index-walk';
import { BATCH_KEYS, readItems } from './read-items';
import { keyPartitions, labelPartitions, newestPartitions, statePartitions } from './scan-index';
import { fromScanItem } from './scan-item';
import type { TableClient } from './table-client';

/** Items one request reads at most: a filter that matches little gives a short page and a cursor, not a long wait. */
const MAX_EXAMINED = 500;
/** Index entries of up to 170 B in 4 kB, what half a read unit pays for: fewer would cost the same. */
const PAGE_ENTRIES = 24;
/** Read at a time once a page turned out to lack some. */
const REFILL_ITEMS = 25;

const [NEWEST, BY_LABEL, BY_STATE, BY_KEY] = TABLE.indexes;

/** The index that narrows most: a key has few scans, a label fewer than a state. */
const chooseIndex = ({ key, label, state }: ListFilter): Pick<IndexRange, 'index' | 'partitions'> => {
  if (key !== undefined) return { index: BY_KEY, partitions: keyPartitions(key) };
  if (label !== undefined) return { index: BY_LABEL, partitions: labelPartitions(label) };
  if (state !== undefined) return { index: BY_STATE, partitions: statePartitions(state) };
  return { index: NEWEST, partitions: newestPartitions() };
};

/** Only a classified scan has a label to be found by. */
const matches = (record: ScanRecord, { label, state, key, from, to }: ListFilter): boolean =>
  (label === undefined || (record.state === 'classified' && record.label === label)) &&
  (state === undefined || record.state === state) &&
  (key === undefined || record.source.key === key) &&
  (from === undefined || record.createdAt >= from) &&
  (to === undefined || record.createdAt <= to);

/** Text below this position and above every lower one: BETWEEN includes its ends, and all positions are as long. */
const justBelow = (position: string): string =>
  `${position.slice(0, -1)}${String.fromCharCode(position.charCodeAt(position.length - 1) - 1)}~`;

/** `0` and `:` stand before and behind every date; `g` behind every scanId. */
const bounds = ({ from = '0', to }: ListFilter, cursor: string | undefined): { from: string; to: string } => {
  const upper = to === undefined ? ':' : `${to}#g`;
  const below = cursor === undefined ? upper : justBelow(decodeCursor(cursor));
  return { from, to: below < upper ? below : upper };
};

export interface ScanPage {
  records: ScanRecord[];
  nextCursor: string | null;
}

const EMPTY: ScanPage = { records: [], nextCursor: null };

/**
 * One page of scans, newest first: merges the shards of the index that narrows most, reads the items and applies the
 * whole filter to what they hold now, so that an index entry that is behind its item shows nothing wrong.
 * @throws INVALID_REQUEST for a cursor that is not ours, STORE_UNAVAILABLE
 */
export const listScans = async (
  { client, tableName, nowMs }: { client: TableClient; tableName: string; nowMs: number },
  filter: ListFilter,
  limit: number,
  cursor: string | undefined,
): Promise<ScanPage> => {
  const range = bounds(filter, cursor);
  // DynamoDB refuses a range that ends before it begins.
  if (range.from > range.to) return EMPTY;
  if (filter.label !== undefined && filter.state !== undefined && filter.state !== 'classified') return EMPTY;

  const { index, partitions } = chooseIndex(filter);
  const pageSize = Math.max(PAGE_ENTRIES, Math.ceil((limit + 1) / partitions.length));
  const walk = walkIndex({ client, tableName, index, partitions, ...range, newestFirst: true, pageSize });

  const records: ScanRecord[] = [];
  let last: string | undefined;
  for (let examined = 0; records.length < limit && examined < MAX_EXAMINED; ) {
    const missing = limit - records.length;
    const entries = await walk.take(Math.min(BATCH_KEYS, examined === 0 ? missing : Math.max(missing, REFILL_ITEMS)));
    if (entries.length === 0) return { records, nextCursor: null };
    examined += entries.length;
    const items = await readItems(client, tableName, entries);
    for (const [place, entry] of entries.entries()) {
      last = entry.position;
      const record = currentRecord(entry, fromScanItem(items.get(entry.pk), nowMs));
      if (record !== undefined && matches(record, filter)) records.push(record);
      if (records.length === limit && place < entries.length - 1) return { records, nextCursor: encodeCursor(last) };
    }
  }
  return { records, nextCursor: last === undefined || (await walk.atEnd()) ? null : encodeCursor(last) };
};

/** The record an entry leads to; undefined when it is deleted, expired, or stands elsewhere in the order by now. */
const currentRecord = (entry: IndexEntry, stored: ScanRecord | Tombstone | undefined): ScanRecord | undefined =>
  stored === undefined || isTombstone(stored) || positionOf(stored.createdAt, stored.scanId) !== entry.position
    ? undefined
    : stored;
