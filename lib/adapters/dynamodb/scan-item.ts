import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  modelReferenceSchema,
  scanErrorSchema,
  scanSourceSchema,
  scanStateSchema,
  timingsSchema,
} from '../../core/contract';
import { SulcusError } from '../../core/errors';
import type { ScanRecord, Tombstone } from '../../core/scan-record';
import { LIMITS, TABLE } from '../../topology';
import { positionOf } from './cursor';

/** Version of the item layout below; a reader refuses what it does not know instead of misreading it. */
const SCHEMA_VERSION = 1;

/**
 * Why no partition is hot at 1,000 results a second (a DynamoDB partition takes 1,000 write units a second, and an
 * index ordered by time cannot split its busy end):
 * - table: every scan is a partition of its own, so writes spread over all there are. A scan of 4 labels is about
 *   0.7 kB (1 unit), one of 20 labels about 2.2 kB (3 units).
 * - newest, by-state, by-label: 16 shards by a hash of the scanId. An index entry holds keys only (130 to 250 B, 1
 *   unit), so 1,000 results are 62.5 units a second and shard. The worst case is by-state when every result was
 *   announced first: put and removal under `pending`, 125 units. That leaves a factor of 8.
 * - by-key: one partition per object key. It would be hot only if one object were overwritten 1,000 times a second.
 * Reading pays for it: a page asks 16 partitions at once, half a read unit each.
 */
export const SHARDS = 16;

const shardName = (shard: number): string => shard.toString().padStart(2, '0');

const shardOf = (scanId: string): string =>
  shardName((createHash('sha256').update(scanId).digest()[0] as number) % SHARDS);

/** A partition key is at most 2,048 bytes: text that could exceed it (4 bytes a character) is named by its hash. */
const partitionText = (text: string): string =>
  Buffer.byteLength(text) <= 1_024 ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;

const shards = (partition: string): string[] =>
  Array.from({ length: SHARDS }, (_, shard) => `${partition}#${shardName(shard)}`);

/** All partitions of an index that may hold what is asked for. */
export const newestPartitions = (): string[] => shards('ALL');
export const labelPartitions = (label: string): string[] => shards(`LABEL#${partitionText(label)}`);
export const statePartitions = (state: string): string[] => shards(`STATE#${state}`);
export const keyPartitions = (key: string): string[] => [`KEY#${partitionText(key)}`];

type KeyAttributes = Record<typeof TABLE.partitionKey | typeof TABLE.sortKey, string>;
type IndexAttribute = (typeof TABLE.indexes)[number]['partitionKey' | 'sortKey'];

export const scanKey = (scanId: string): KeyAttributes => ({ pk: `SCAN#${scanId}`, sk: 'RESULT' });

/** Seconds since the epoch, as DynamoDB's TTL counts; it deletes late, so readers compare for themselves. */
export const toSeconds = (nowMs: number): number => Math.floor(nowMs / 1000);
const inDays = (nowMs: number, days: number): number => Math.ceil(nowMs / 1000) + days * 86_400;

/** Only what applies: an absent attribute keeps the item out of that index. */
const indexAttributes = (record: ScanRecord): Partial<Record<IndexAttribute, string>> => {
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

/**
 * A record as one item. DynamoDB's numbers end at 1e-130 and scores do not, so all doubles travel as JSON text, which
 * gives every one of them back exactly. Nulls are absent attributes. A pending scan expires once no event of its
 * upload can still be in a queue; written whole, an item never keeps index attributes of an earlier state.
 */
export const toScanItem = (record: ScanRecord, nowMs: number): Record<string, unknown> => {
  const { scanId, scores, score, timings, ...rest } = record;
  const present = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    ...scanKey(scanId),
    schemaVersion: SCHEMA_VERSION,
    scanId,
    ...Object.fromEntries(present),
    numbers: JSON.stringify({ score, scores, timings }),
    ...indexAttributes(record),
    ...(record.state === 'pending' ? { [TABLE.ttl]: inDays(nowMs, LIMITS.tombstoneDays) } : {}),
  };
};

/** What DELETE leaves: in no index, gone after `tombstoneDays` (null: never). */
export const toTombstoneItem = (
  scanId: string,
  tombstoneDays: number | null,
  nowMs: number,
): Record<string, unknown> => ({
  ...scanKey(scanId),
  schemaVersion: SCHEMA_VERSION,
  deleted: true,
  ...(tombstoneDays === null ? {} : { [TABLE.ttl]: inDays(nowMs, tombstoneDays) }),
});

/** Looser than the wire's: a score an ulp above 1 must not make what is stored unreadable. */
const labelScoreSchema = z.object({ label: z.string(), score: z.number(), logit: z.number() });

const numbersSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('expected JSON');
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      score: z.number().nullable(),
      scores: z.array(labelScoreSchema),
      timings: timingsSchema.nullable(),
    }),
  );

const orNull = <S extends z.ZodType>(schema: S) => schema.optional().transform((value) => value ?? null);

const recordSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    scanId: z.string(),
    state: scanStateSchema,
    label: orNull(z.string()),
    truncated: z.boolean(),
    model: orNull(modelReferenceSchema),
    source: scanSourceSchema,
    error: orNull(scanErrorSchema),
    apiKeyId: orNull(z.string()),
    createdAt: z.string(),
    sequencer: orNull(z.string()),
    requestHash: orNull(z.string()),
    numbers: numbersSchema,
  })
  .transform(({ schemaVersion, numbers, ...record }): ScanRecord => ({ ...record, ...numbers }));

const tombstoneSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    pk: z.string().startsWith('SCAN#'),
    deleted: z.literal(true),
  })
  .transform(({ pk }): Tombstone => ({ scanId: pk.slice('SCAN#'.length), deleted: true }));

const itemSchema = z.union([tombstoneSchema, recordSchema]);

/**
 * The entry an item holds; undefined when it has expired, whether or not DynamoDB has removed it yet.
 * @throws STORE_UNAVAILABLE for an item this version cannot read
 */
export const fromScanItem = (
  item: Record<string, unknown> | undefined,
  nowMs: number,
): ScanRecord | Tombstone | undefined => {
  const expiresAt = item?.[TABLE.ttl];
  if (item === undefined || (typeof expiresAt === 'number' && expiresAt <= toSeconds(nowMs))) return undefined;
  const parsed = itemSchema.safeParse(item);
  if (!parsed.success) {
    throw new SulcusError('STORE_UNAVAILABLE', `expected a scan item of schema version ${SCHEMA_VERSION}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
};
