import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { TABLE } from '../../topology';
import type { ItemKey } from './read-items';
import { storeCall } from './store-call';
import type { TableClient } from './table-client';

export interface IndexEntry extends ItemKey {
  readonly position: string;
}

/** Entries of one index whose position lies in `[from, to]`, over several partitions. */
export interface IndexRange {
  readonly client: TableClient;
  readonly tableName: string;
  readonly index: (typeof TABLE.indexes)[number];
  readonly partitions: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly newestFirst: boolean;
  /** Entries asked of one partition at a time. */
  readonly pageSize: number;
}

export interface IndexWalk {
  /** The next `count` entries in order; fewer only at the end. */
  take(count: number): Promise<IndexEntry[]>;
  /** True when nothing is left. */
  atEnd(): Promise<boolean>;
}

interface Partition {
  entries: IndexEntry[];
  next: number;
  startKey: Record<string, unknown> | undefined;
  exhausted: boolean;
}

const fetchPage = async (range: IndexRange, name: string, partition: Partition): Promise<void> => {
  const { client, tableName, index, from, to, newestFirst, pageSize } = range;
  const command = new QueryCommand({
    TableName: tableName,
    IndexName: index.name,
    KeyConditionExpression: '#partition = :partition AND #position BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#partition': index.partitionKey, '#position': index.sortKey },
    ExpressionAttributeValues: { ':partition': name, ':from': from, ':to': to },
    ScanIndexForward: !newestFirst,
    Limit: pageSize,
    ExclusiveStartKey: partition.startKey,
  });
  const { Items, LastEvaluatedKey } = await storeCall(() => client.send(command));
  partition.entries = (Items ?? []).map((item) => ({
    pk: String(item.pk),
    sk: String(item.sk),
    position: String(item[index.sortKey]),
  }));
  partition.next = 0;
  partition.startKey = LastEvaluatedKey;
  partition.exhausted = LastEvaluatedKey === undefined;
};

/**
 * Merges the partitions of a sharded index into one order, lazily: each is asked for its next page only when its last
 * one is used up. Entries are as the index has them, which may lag behind the table.
 * @throws STORE_UNAVAILABLE from its methods
 */
export const walkIndex = (range: IndexRange): IndexWalk => {
  const partitions = range.partitions.map((name): [string, Partition] => [
    name,
    { entries: [], next: 0, startKey: undefined, exhausted: false },
  ]);
  const isBefore = (a: IndexEntry, b: IndexEntry): boolean =>
    range.newestFirst ? a.position > b.position : a.position < b.position;

  const refill = async ([name, partition]: [string, Partition]): Promise<void> => {
    // A page may be empty although more follow, so ask until there is one or the end.
    while (partition.next >= partition.entries.length && !partition.exhausted) await fetchPage(range, name, partition);
  };
  const first = async (): Promise<Partition | undefined> => {
    await Promise.all(partitions.map(refill));
    let best: Partition | undefined;
    for (const [, candidate] of partitions) {
      const entry = candidate.entries[candidate.next];
      const bestEntry = best?.entries[best.next];
      if (entry !== undefined && (bestEntry === undefined || isBefore(entry, bestEntry))) best = candidate;
    }
    return best;
  };

  return {
    take: async (count) => {
      const taken: IndexEntry[] = [];
      while (taken.length < count) {
        const partition = await first();
        const entry = partition?.entries[partition.next];
        if (partition === undefined || entry === undefined) break;
        taken.push(entry);
        partition.next += 1;
      }
      return taken;
    },
    atEnd: async () => (await first()) === undefined,
  };
};
