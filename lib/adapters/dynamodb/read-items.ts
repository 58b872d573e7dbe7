import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { storeBusy, storeCall } from './store-call';
import type { TableClient } from './table-client';

/** DynamoDB's limit on the keys of one BatchGetItem. */
export const BATCH_KEYS = 100;
const ATTEMPTS = 8;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/**
 * Items by key, in no order; what is not there is left out. Consistent, so that an index entry that outlived its
 * item (a scan deleted a moment ago) leads to nothing.
 * @param keys at most `BATCH_KEYS`, each once
 * @throws STORE_UNAVAILABLE, also when throttling leaves keys unread after all attempts
 */
export const readItems = async (
  client: TableClient,
  tableName: string,
  keys: readonly ItemKey[],
): Promise<Map<string, Record<string, unknown>>> => {
  const items = new Map<string, Record<string, unknown>>();
  let wanted: Record<string, unknown>[] = keys.map(({ pk, sk }) => ({ pk, sk }));
  for (let attempt = 0; wanted.length > 0; attempt += 1) {
    if (attempt === ATTEMPTS) throw storeBusy('every item of a page');
    // Half of the wait at random, so that throttled readers do not come back together: 3 s in all at most.
    if (attempt > 0) await sleep(25 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    const request = { RequestItems: { [tableName]: { Keys: wanted, ConsistentRead: true } } };
    const { Responses, UnprocessedKeys } = await storeCall(() => client.send(new BatchGetCommand(request)));
    for (const item of Responses?.[tableName] ?? []) items.set(String(item.pk), item);
    wanted = UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
  return items;
};
