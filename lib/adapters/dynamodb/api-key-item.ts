import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { formatRate, rateSchema } from '../../core/key-limits';
import type { ApiKeyRecord } from '../../core/ports';
import { positionOf } from './cursor';

const SCHEMA_VERSION = 1;

/** All keys stand in one partition of the `newest` index, which scans do not use. */
export const KEY_PARTITION = 'APIKEYS';

/**
 * A secret is stored under the first 12 digits of its hash, so that it finds its item without an index. The first one
 * is the key's own item, under its public id; each rotation adds a small item that names the key. What a key is
 * allowed, and which of its secrets still work, stands on the key's item alone: one write changes it for all.
 */
export const secretIdOf = (keyHash: string): string => keyHash.slice(0, 12);
export const secretKey = (secretId: string) => ({ pk: `APIKEY#${secretId}`, sk: 'KEY' });

const orNull = <S extends z.ZodType>(schema: S) => schema.optional().transform((value) => value ?? null);

const keyItemSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  keyId: z.string(),
  keyHash: z.string(),
  name: z.string(),
  createdAt: z.string(),
  revokedAt: orNull(z.string()),
  rate: orNull(rateSchema),
  quota: orNull(z.number()),
  /** Absent until the first rotation: then the key's own item is its only secret. */
  secrets: z.array(z.object({ id: z.string(), expiresAt: orNull(z.string()) })).optional(),
  rotations: z.number().default(0),
});
export type KeyItem = z.output<typeof keyItemSchema>;

const secretItemSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  keyHash: z.string(),
  secretOf: z.string(),
});
export type SecretItem = z.output<typeof secretItemSchema>;

/** @throws STORE_UNAVAILABLE for an item this version cannot read */
export const parseKeyItem = (item: unknown): KeyItem => parse(keyItemSchema, item);

/** A key's own item or that of a later secret. @throws STORE_UNAVAILABLE for an item this version cannot read */
export const parseSecretItem = (item: unknown): KeyItem | SecretItem =>
  parse(z.union([secretItemSchema, keyItemSchema]), item);

const parse = <S extends z.ZodType>(schema: S, item: unknown): z.output<S> => {
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  const message = `expected an API key item of schema version ${SCHEMA_VERSION}`;
  throw new SulcusError('STORE_UNAVAILABLE', message, { cause: parsed.error });
};

export const secretsOf = ({ secrets, keyId }: KeyItem): NonNullable<KeyItem['secrets']> =>
  secrets ?? [{ id: keyId, expiresAt: null }];

/** The key as a list shows it: `expiresAt` is that of the secret which the last rotation replaced. */
export const toListed = (item: KeyItem): ApiKeyRecord =>
  toRecord(item, item.keyHash, secretsOf(item).at(-2)?.expiresAt ?? null);

export const toRecord = (
  { secrets, rotations, schemaVersion, ...facts }: KeyItem,
  keyHash: string,
  expiresAt: string | null,
): ApiKeyRecord => ({ ...facts, keyHash, expiresAt });

export const toKeyItem = ({ revokedAt, rate, quota, expiresAt, ...record }: ApiKeyRecord): Record<string, unknown> => ({
  ...secretKey(record.keyId),
  schemaVersion: SCHEMA_VERSION,
  ...record,
  ...(revokedAt === null ? {} : { revokedAt }),
  ...(rate === null ? {} : { rate: formatRate(rate) }),
  ...(quota === null ? {} : { quota }),
  newestPk: KEY_PARTITION,
  position: positionOf(record.createdAt, record.keyId),
});

export const toSecretItem = (secretOf: string, keyHash: string, createdAt: string): Record<string, unknown> => ({
  ...secretKey(secretIdOf(keyHash)),
  schemaVersion: SCHEMA_VERSION,
  keyHash,
  secretOf,
  createdAt,
});
