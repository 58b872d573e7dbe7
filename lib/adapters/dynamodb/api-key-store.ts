import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { SulcusError } from '../../core/errors';
import type { ApiKeyRecord, ApiKeyStore, KeyRotation } from '../../core/ports';
import { TABLE } from '../../topology';
import {
  KEY_PARTITION,
  type KeyItem,
  parseKeyItem,
  parseSecretItem,
  secretIdOf,
  secretKey,
  secretsOf,
  toKeyItem,
  toListed,
  toRecord,
  toSecretItem,
} from './api-key-item';
import { walkIndex } from './index-walk';
import { BATCH_KEYS, readItems } from './read-items';
import { conditionalCall, storeBusy, storeCall } from './store-call';
import type { TableClient } from './table-client';

const [NEWEST] = TABLE.indexes;

/** A rotation that another one overtook is tried again. */
const ATTEMPTS = 5;

/** API keys in the same table as the results. Errors: STORE_UNAVAILABLE from every method. */
export const createApiKeyStore = (options: { client: TableClient; tableName: string }): ApiKeyStore => {
  const { client, tableName } = options;

  const read = async (secretId: string): Promise<KeyItem | ReturnType<typeof parseSecretItem> | undefined> => {
    const command = new GetCommand({ TableName: tableName, Key: secretKey(secretId), ConsistentRead: true });
    const { Item } = await storeCall(() => client.send(command));
    return Item === undefined ? undefined : parseSecretItem(Item);
  };

  const readKey = async (keyId: string): Promise<KeyItem | undefined> => {
    const item = await read(keyId);
    return item === undefined || 'secretOf' in item ? undefined : item;
  };

  const find = async (keyHash: string): Promise<ApiKeyRecord | undefined> => {
    const secretId = secretIdOf(keyHash);
    const item = await read(secretId);
    if (item?.keyHash !== keyHash) return undefined;
    const key = 'secretOf' in item ? await readKey(item.secretOf) : item;
    // A rotation writes the secret first; until the key names it, it opens nothing.
    const secret = key && secretsOf(key).find(({ id }) => id === secretId);
    return key === undefined || secret === undefined ? undefined : toRecord(key, keyHash, secret.expiresAt);
  };

  const putNew = async (item: Record<string, unknown>): Promise<boolean> => {
    const command = new PutCommand({
      TableName: tableName,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#pk)',
      ExpressionAttributeNames: { '#pk': TABLE.partitionKey },
    });
    return (await conditionalCall(() => client.send(command))) !== undefined;
  };

  /** False when the key was rotated or revoked meanwhile. */
  const replaceSecrets = async (key: KeyItem, { keyHash, earlierEndAt }: KeyRotation): Promise<boolean> => {
    const earlier = secretsOf(key).map(({ id, expiresAt }) => ({
      id,
      expiresAt: expiresAt !== null && expiresAt < earlierEndAt ? expiresAt : earlierEndAt,
    }));
    const command = new UpdateCommand({
      TableName: tableName,
      Key: secretKey(key.keyId),
      UpdateExpression: 'SET #secrets = :secrets, #rotations = :next',
      ConditionExpression:
        'attribute_exists(#pk) AND attribute_not_exists(#revokedAt) AND ' +
        (key.rotations === 0 ? 'attribute_not_exists(#rotations)' : '#rotations = :current'),
      ExpressionAttributeNames: {
        '#pk': TABLE.partitionKey,
        '#revokedAt': 'revokedAt',
        '#secrets': 'secrets',
        '#rotations': 'rotations',
      },
      ExpressionAttributeValues: {
        ':secrets': [...earlier, { id: secretIdOf(keyHash) }],
        ':next': key.rotations + 1,
        ...(key.rotations === 0 ? {} : { ':current': key.rotations }),
      },
    });
    return (await conditionalCall(() => client.send(command))) !== undefined;
  };

  return {
    find,
    get: async (keyId) => {
      const key = await readKey(keyId);
      return key && toListed(key);
    },
    create: async (record) => {
      if (await putNew(toKeyItem(record))) return;
      // A write that the SDK repeated finds its own item; another key with the same 48 bits is refused.
      if ((await find(record.keyHash)) === undefined) {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected an unused key id, received one that another key has');
      }
    },
    list: async () => {
      const range = { partitions: [KEY_PARTITION], from: '0', to: ':', newestFirst: false, pageSize: BATCH_KEYS };
      const walk = walkIndex({ client, tableName, index: NEWEST, ...range });
      const records: ApiKeyRecord[] = [];
      for (;;) {
        const entries = await walk.take(BATCH_KEYS);
        if (entries.length === 0) return records;
        const items = await readItems(client, tableName, entries);
        for (const { pk } of entries) if (items.has(pk)) records.push(toListed(parseKeyItem(items.get(pk))));
      }
    },
    rotate: async (keyId, rotation) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const key = await readKey(keyId);
        if (key === undefined || key.revokedAt !== null) return false;
        // The SDK may have repeated the update that did it.
        if (secretsOf(key).some(({ id }) => id === secretIdOf(rotation.keyHash))) return true;
        await putNew(toSecretItem(keyId, rotation.keyHash, rotation.rotatedAt));
        if (await replaceSecrets(key, rotation)) return true;
      }
      throw storeBusy('a rotation to be decided');
    },
    revoke: async (keyId, revokedAt) => {
      const command = new UpdateCommand({
        TableName: tableName,
        Key: secretKey(keyId),
        UpdateExpression: 'SET #revokedAt = if_not_exists(#revokedAt, :revokedAt)',
        ConditionExpression: 'attribute_exists(#pk) AND attribute_not_exists(#secretOf)',
        ExpressionAttributeNames: {
          '#pk': TABLE.partitionKey,
          '#revokedAt': 'revokedAt',
          '#secretOf': 'secretOf',
        },
        ExpressionAttributeValues: { ':revokedAt': revokedAt },
      });
      return (await conditionalCall(() => client.send(command))) !== undefined;
    },
  };
};
