import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import type { ApiKeyRecord, ApiKeyStore } from '../../core/ports';
import { TABLE } from '../../topology';
import { positionOf } from './cursor';
import { walkIndex } from './index-walk';
import { BATCH_KEYS, readItems } from './read-items';
import { conditionalCall, storeCall } from './store-call';
import type { TableClient } from './table-client';

/** All keys stand in one partition of the `newest` index, which scans do not use. */
const PARTITION = 'APIKEYS';
const SCHEMA_VERSION = 1;
const [NEWEST] = TABLE.indexes;

/**
 * Keys are stored under their public id, the first 12 digits of their hash: a key finds its item without an index,
 * and so does `revoke`, which must not depend on an index that lags. `find` compares the whole hash.
 */
const itemKey = (keyId: string) => ({ pk: `APIKEY#${keyId}`, sk: 'KEY' });
const keyIdOf = (keyHash: string): string => keyHash.slice(0, 12);

const itemSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    keyId: z.string(),
    keyHash: z.string(),
    name: z.string(),
    createdAt: z.string(),
    revokedAt: z
      .string()
      .optional()
      .transform((value) => value ?? null),
  })
  .transform(({ schemaVersion, ...record }): ApiKeyRecord => record);

const fromItem = (item: unknown): ApiKeyRecord => {
  const parsed = itemSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  const message = `expected an API key item of schema version ${SCHEMA_VERSION}`;
  throw new SulcusError('STORE_UNAVAILABLE', message, { cause: parsed.error });
};

/** API keys in the same table as the results. Errors: STORE_UNAVAILABLE from every method. */
export const createApiKeyStore = (options: { client: TableClient; tableName: string }): ApiKeyStore => {
  const { client, tableName } = options;

  const find = async (keyHash: string): Promise<ApiKeyRecord | undefined> => {
    const command = new GetCommand({ TableName: tableName, Key: itemKey(keyIdOf(keyHash)), ConsistentRead: true });
    const { Item } = await storeCall(() => client.send(command));
    const record = Item === undefined ? undefined : fromItem(Item);
    return record?.keyHash === keyHash ? record : undefined;
  };

  return {
    find,
    create: async ({ revokedAt, ...record }) => {
      const command = new PutCommand({
        TableName: tableName,
        Item: {
          ...itemKey(record.keyId),
          schemaVersion: SCHEMA_VERSION,
          ...record,
          ...(revokedAt === null ? {} : { revokedAt }),
          newestPk: PARTITION,
          position: positionOf(record.createdAt, record.keyId),
        },
        ConditionExpression: 'attribute_not_exists(#pk)',
        ExpressionAttributeNames: { '#pk': TABLE.partitionKey },
      });
      if ((await conditionalCall(() => client.send(command))) !== undefined) return;
      // A write that the SDK repeated finds its own item; another key with the same 48 bits is refused.
      if ((await find(record.keyHash)) === undefined) {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected an unused key id, received one that another key has');
      }
    },
    list: async () => {
      const range = { partitions: [PARTITION], from: '0', to: ':', newestFirst: false, pageSize: BATCH_KEYS };
      const walk = walkIndex({ client, tableName, index: NEWEST, ...range });
      const records: ApiKeyRecord[] = [];
      for (;;) {
        const entries = await walk.take(BATCH_KEYS);
        if (entries.length === 0) return records;
        const items = await readItems(client, tableName, entries);
        for (const { pk } of entries) if (items.has(pk)) records.push(fromItem(items.get(pk)));
      }
    },
    revoke: async (keyId, revokedAt) => {
      const command = new UpdateCommand({
        TableName: tableName,
        Key: itemKey(keyId),
        UpdateExpression: 'SET #revokedAt = if_not_exists(#revokedAt, :revokedAt)',
        ConditionExpression: 'attribute_exists(#pk)',
        ExpressionAttributeNames: { '#pk': TABLE.partitionKey, '#revokedAt': 'revokedAt' },
        ExpressionAttributeValues: { ':revokedAt': revokedAt },
      });
      return (await conditionalCall(() => client.send(command))) !== undefined;
    },
  };
};
