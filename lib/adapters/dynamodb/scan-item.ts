import { z } from 'zod';
import {
  abstainReasonSchema,
  modelReferenceSchema,
  scanErrorSchema,
  scanSourceSchema,
  scanStateSchema,
} from '../../core/contract';
import { SulcusError } from '../../core/errors';
import type { ScanRecord, Tombstone } from '../../core/scan-record';
import { LIMITS, TABLE } from '../../topology';
import { indexAttributes } from './scan-index';

/** Version of the item layout below; a reader refuses what it does not know instead of misreading it. */
const SCHEMA_VERSION = 1;

type KeyAttributes = Record<typeof TABLE.partitionKey | typeof TABLE.sortKey, string>;

const SCAN = TABLE.scans;
const scanPkSchema = z.string().startsWith(SCAN);
const scanIdOf = (pk: string): string => pk.slice(SCAN.length);

export const scanKey = (scanId: string): KeyAttributes => ({ pk: `${SCAN}${scanId}`, sk: 'RESULT' });

/** Whether an item of the table is a scan's. */
export const isScanKey = (item: Readonly<Record<string, unknown>>): boolean => scanPkSchema.safeParse(item.pk).success;

/** Seconds since the epoch, as DynamoDB's TTL counts; it deletes late, so readers compare for themselves. */
export const toSeconds = (nowMs: number): number => Math.floor(nowMs / 1000);
const inDays = (nowMs: number, days: number): number => Math.ceil(nowMs / 1000) + days * 86_400;

/**
 * A record as one item. DynamoDB's numbers end at 1e-130 and scores do not, so all doubles travel as JSON text, which
 * gives every one of them back exactly. Nulls are absent attributes. A pending scan expires once no event of its
 * upload can still be in a queue; written whole, an item never keeps index attributes of an earlier state. Any other is
 * kept `retentionDays` from its creation (null: for ever), so an event that comes late revives nothing.
 */
export const toScanItem = (
  record: ScanRecord,
  nowMs: number,
  retentionDays: number | null = null,
): Record<string, unknown> => {
  const { scanId, scores, score, timings, ...rest } = record;
  const rows = scores.map(({ label, score, logit }) => [label, score, logit]);
  const { decodeMs, preprocessMs, inferenceMs, totalMs } = timings ?? {};
  const present = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    ...scanKey(scanId),
    schemaVersion: SCHEMA_VERSION,
    ...Object.fromEntries(present),
    numbers: JSON.stringify([score, timings && [decodeMs, preprocessMs, inferenceMs, totalMs], rows]),
    ...indexAttributes(record),
    ...expiry(record, nowMs, retentionDays),
  };
};

const expiry = ({ state, createdAt }: ScanRecord, nowMs: number, retentionDays: number | null) => {
  if (state === 'pending') return { [TABLE.ttl]: inDays(nowMs, LIMITS.tombstoneDays) };
  return retentionDays === null ? {} : { [TABLE.ttl]: inDays(Date.parse(createdAt), retentionDays) };
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

/**
 * `[score, timings, [label, score, logit][]]`: names for every number would cost four labels a second write unit.
 * Looser than the wire's schema: a score an ulp above 1 must not make what is stored unreadable.
 */
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
    z.tuple([
      z.number().nullable(),
      z.tuple([z.number(), z.number(), z.number(), z.number()]).nullable(),
      z.array(z.tuple([z.string(), z.number(), z.number()])),
    ]),
  )
  .transform(
    ([score, timings, rows]): Pick<ScanRecord, 'score' | 'scores' | 'timings'> => ({
      score,
      scores: rows.map(([label, score, logit]) => ({ label, score, logit })),
      timings: timings && {
        decodeMs: timings[0],
        preprocessMs: timings[1],
        inferenceMs: timings[2],
        totalMs: timings[3],
      },
    }),
  );

const orNull = <S extends z.ZodType>(schema: S) => schema.optional().transform((value) => value ?? null);

const recordSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    pk: scanPkSchema,
    state: scanStateSchema,
    label: orNull(z.string()),
    truncated: z.boolean(),
    abstainReason: orNull(abstainReasonSchema),
    model: orNull(modelReferenceSchema),
    source: scanSourceSchema,
    error: orNull(scanErrorSchema),
    apiKeyId: orNull(z.string()),
    createdAt: z.string(),
    sequencer: orNull(z.string()),
    requestHash: orNull(z.string()),
    numbers: numbersSchema,
  })
  .transform(
    ({ schemaVersion, pk, numbers, ...record }): ScanRecord => ({ scanId: scanIdOf(pk), ...record, ...numbers }),
  );

const tombstoneSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    pk: scanPkSchema,
    deleted: z.literal(true),
  })
  .transform(({ pk }): Tombstone => ({ scanId: scanIdOf(pk), deleted: true }));

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
