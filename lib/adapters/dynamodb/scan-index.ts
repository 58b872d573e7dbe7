import { createHash } from 'node:crypto';
import type { ScanRecord } from '../../core/scan-record';
import type { TABLE } from '../../topology';
import { positionOf } from './cursor';

type IndexAttribute = (typeof TABLE.indexes)[number]['partitionKey' | 'sortKey'];

/**
 * Why no partition is hot at 1,000 results a second (a DynamoDB partition takes 1,000 write units a second, and an
 * index ordered by time cannot split its busy end):
 * - table: every scan is a partition of its own, so writes spread over all there are. A scan of 4 labels is about 1 kB
 *   (1 unit), one of 20 labels 2 to 3 kB (2 to 3 units); a new on-demand table takes 4,000 units a second at once.
 * - newest, by-state, by-label: 16 shards by a hash of the scanId. An index entry holds keys only (130 to 250 B, 1
 *   unit), so 1,000 results are 62.5 units a second and shard. The worst case is by-state when every result was
 *   announced first: put and removal under `pending`, 125 units. That leaves a factor of 8.
 * - by-key: one partition per object key. It would be hot only if one object were overwritten 1,000 times a second.
 * Reading pays for it: a page asks 16 partitions at once, half a read unit each.
 */
const SHARDS = 16;

const shardName = (shard: number): string => shard.toString().padStart(2, '0');

const shardOf = (scanId: string): string =>
  shardName((createHash('sha256').update(scanId).digest()[0] as number) % SHARDS);

/** A partition key is at most 2,048 bytes: text that could exceed it (4 bytes a character) is named by its hash. */
const partitionText = (text: string): string =>
  Buffer.byteLength(text) <= 1_024 ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;

const shardsOf = (partition: string): string[] =>
  Array.from({ length: SHARDS }, (_, shard) => `${partition}#${shardName(shard)}`);

/** All partitions of an index that may hold what is asked for. */
export const newestPartitions = (): string[] => shardsOf('ALL');
export const labelPartitions = (label: string): string[] => shardsOf(`LABEL#${partitionText(label)}`);
export const statePartitions = (state: string): string[] => shardsOf(`STATE#${state}`);
export const keyPartitions = (key: string): string[] => [`KEY#${partitionText(key)}`];

/** Only what applies: an absent attribute keeps the item out of that index. */
export const indexAttributes = (record: ScanRecord): Partial<Record<IndexAttribute, string>> => {
  const shard = shardOf(record.scanId);
  const { state, label, source } = record;
  return {
    position: positionOf(record.createdAt, record.scanId),
    newestPk: `ALL#${shard}`,
    statePk: `STATE#${state}#${shard}`,
    ...(state === 'classified' && label !== null ? { labelPk: `LABEL#${partitionText(label)}#${shard}` } : {}),
    ...(source.key === null ? {} : { keyPk: `KEY#${partitionText(source.key)}` }),
  };
};
