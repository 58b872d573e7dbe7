import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import type { UsageAmounts, UsageDay, UsageStore } from '../../core/ports';
import { isThrottled, storeBusy, storeCall } from './store-call';
import type { TableClient } from './table-client';

/**
 * Partitions a key's counters are spread over. A bulk upload counts 1,000 scans a second for nobody's key, which is all
 * that one partition takes; unlike a limit, a sum loses nothing by being kept in parts.
 */
const SHARDS = 8;

const shardOf = (scanId: string): number => (createHash('sha256').update(scanId).digest()[0] as number) % SHARDS;
const partition = (keyId: string, shard: number): string => `USAGE#${keyId}#${shard}`;

const AMOUNTS = ['scans', 'rejected', 'bytes', 'computeMicroseconds', 'costNanodollars'] as const;
const amount = z.number().default(0);
const itemSchema = z.object({
  sk: z.string(),
  scans: amount,
  rejected: amount,
  bytes: amount,
  computeMicroseconds: amount,
  costNanodollars: amount,
}) satisfies z.ZodType<UsageAmounts>;

const ATTEMPTS = 5;

/**
 * Usage counters in the results' table.
 * @param options.once a client that asks DynamoDB once. An ADD is not repeatable: sent again because only its answer was
 * lost, it would bill a scan twice. What DynamoDB says it has not done (throttling) is tried again here.
 */
export const createUsageStore = (options: {
  readonly client: TableClient;
  readonly once: TableClient;
  readonly tableName: string;
}): UsageStore => {
  const { client, once, tableName } = options;

  const addOnce = (keyId: string, day: string, scanId: string, amounts: UsageAmounts): Promise<boolean> => {
    const present = AMOUNTS.filter((name) => amounts[name] !== 0);
    const command = new UpdateCommand({
      TableName: tableName,
      Key: { pk: partition(keyId, shardOf(scanId)), sk: day },
      UpdateExpression: `ADD ${present.map((name) => `#${name} :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(present.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(present.map((name) => [`:${name}`, amounts[name]])),
    });
    return storeCall(async () => {
      try {
        await once.send(command);
        return true;
      } catch (error) {
        if (isThrottled(error)) return false;
        throw error;
      }
    });
  };

  const listShard = async (keyId: string, shard: number, from: string, to: string): Promise<UsageDay[]> => {
    const days: UsageDay[] = [];
    let startKey: Record<string, unknown> | undefined;
    do {
      const command = new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
        ExpressionAttributeValues: { ':pk': partition(keyId, shard), ':from': from, ':to': to },
        ConsistentRead: true,
        ExclusiveStartKey: startKey,
      });
      const { Items, LastEvaluatedKey } = await storeCall(() => client.send(command));
      days.push(...(Items ?? []).map(fromItem));
      startKey = LastEvaluatedKey;
    } while (startKey !== undefined);
    return days;
  };

  return {
    add: async (keyId, day, scanId, amounts) => {
      if (AMOUNTS.every((name) => amounts[name] === 0)) return;
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (attempt > 0) await sleep(25 * 2 ** attempt * (0.5 + Math.random() / 2));
        if (await addOnce(keyId, day, scanId, amounts)) return;
      }
      throw storeBusy('a usage counter to be written');
    },
    list: async (keyId, from, to) => {
      const shards = Array.from({ length: SHARDS }, (_, shard) => listShard(keyId, shard, from, to));
      const days = new Map<string, UsageDay>();
      for (const part of (await Promise.all(shards)).flat()) days.set(part.day, addDays(days.get(part.day), part));
      return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
    },
  };
};

const fromItem = (item: unknown): UsageDay => {
  const parsed = itemSchema.safeParse(item);
  if (!parsed.success) {
    throw new SulcusError('STORE_UNAVAILABLE', 'expected a usage item of this version', { cause: parsed.error });
  }
  const { sk, ...amounts } = parsed.data;
  return { day: sk, ...amounts };
};

const addDays = (sum: UsageDay | undefined, part: UsageDay): UsageDay =>
  sum === undefined
    ? part
    : {
        day: part.day,
        scans: sum.scans + part.scans,
        rejected: sum.rejected + part.rejected,
        bytes: sum.bytes + part.bytes,
        computeMicroseconds: sum.computeMicroseconds + part.computeMicroseconds,
        costNanodollars: sum.costNanodollars + part.costNanodollars,
      };
