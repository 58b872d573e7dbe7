import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { LimitStore, LimitWindow } from '../../core/ports';
import { TABLE } from '../../topology';
import { toSeconds } from './scan-item';
import { conditionalCall, storeCall } from './store-call';
import type { TableClient } from './table-client';

const windowKey = ({ keyId, name }: Omit<LimitWindow, 'endsAt'>) => ({ pk: `LIMIT#${keyId}`, sk: name });

/** A counter stays readable for a day after its window. */
const KEPT_MS = 86_400_000;

/**
 * One counter a key and window, each taken from by one conditional update: DynamoDB applies the updates of an item one
 * after the other, so no more than the limit ever pass, however many functions ask. Not spread over shards: a partition
 * takes 1,000 writes a second, the API as a whole is throttled far below, and shards would each have to leave a part
 * of the limit unused. A request that the SDK repeats because the answer was lost takes twice: less passes, never more.
 */
export const createLimitStore = (options: { client: TableClient; tableName: string }): LimitStore => {
  const { client, tableName } = options;
  return {
    take: async (window, limit) => {
      if (limit < 1) return false;
      const command = new UpdateCommand({
        TableName: tableName,
        Key: windowKey(window),
        UpdateExpression: 'SET #ttl = :ttl ADD #taken :one',
        ConditionExpression: 'attribute_not_exists(#taken) OR #taken < :limit',
        ExpressionAttributeNames: { '#taken': 'taken', '#ttl': TABLE.ttl },
        ExpressionAttributeValues: { ':one': 1, ':limit': limit, ':ttl': toSeconds(window.endsAt + KEPT_MS) },
      });
      return (await conditionalCall(() => client.send(command))) !== undefined;
    },
    giveBack: async (window) => {
      const command = new UpdateCommand({
        TableName: tableName,
        Key: windowKey(window),
        UpdateExpression: 'ADD #taken :back',
        ConditionExpression: '#taken > :none',
        ExpressionAttributeNames: { '#taken': 'taken' },
        ExpressionAttributeValues: { ':back': -1, ':none': 0 },
      });
      await conditionalCall(() => client.send(command));
    },
    taken: async (window) => {
      const command = new GetCommand({ TableName: tableName, Key: windowKey(window), ConsistentRead: true });
      const { Item } = await storeCall(() => client.send(command));
      return Number(Item?.taken ?? 0);
    },
  };
};
