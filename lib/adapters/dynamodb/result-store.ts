import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { RecordOutcome, ResultStore } from '../../core/ports';
import { isTombstone, type ScanRecord, type Tombstone } from '../../core/scan-record';
import { BACKFILLED } from '../../core/sequencer';
import { TABLE } from '../../topology';
import { listScans } from './list-scans';
import { fromScanItem, scanKey, toScanItem, toSeconds, toTombstoneItem } from './scan-item';
import { conditionalCall, storeBusy, storeCall } from './store-call';
import type { TableClient } from './table-client';

export interface ResultStoreOptions {
  readonly client: TableClient;
  readonly tableName: string;
  /** Days a tombstone stays; null for ever. More than the 14 days a queue may hold an event back. */
  readonly tombstoneDays: number | null;
  /** Days a result is kept from its creation; null for ever. @default null */
  readonly retentionDays?: number | null;
  /** Milliseconds since the epoch; the clock by which entries expire. */
  readonly now?: () => number;
}

type Condition = Pick<PutCommand['input'], 'ConditionExpression' | 'ExpressionAttributeNames'>;

/** How a write ended that met this. */
const outcomeOf = (earlier: ScanRecord | Tombstone | undefined): RecordOutcome => {
  if (earlier === undefined) return 'stored';
  return isTombstone(earlier) ? 'deleted' : 'kept';
};

/** Expired items count as absent: TTL removes them late, up to days. */
const ABSENT = 'attribute_not_exists(#pk) OR #ttl <= :now';
const PRESENT = '(attribute_exists(#pk) AND (attribute_not_exists(#ttl) OR #ttl > :now))';
/**
 * The rule of `recordEvent`. A record without a sequencer is a pending scan, or an API result, which no event touches.
 * Flat, since AND binds tighter than OR: nested parentheses take dynalite's parser 20 times as long.
 */
const ABSENT_OR_OLDER = [
  'attribute_not_exists(#pk)',
  '#ttl <= :now',
  'attribute_not_exists(#deleted) AND #sequencer > :backfilled AND #sequencer < :sequencer',
  'attribute_not_exists(#deleted) AND #sequencer = :backfilled AND #sequencer < :sequencer AND #source.#versionId <> :versionId',
  'attribute_not_exists(#deleted) AND #sequencer = :sequencer AND #state = :failed',
  'attribute_not_exists(#deleted) AND attribute_not_exists(#sequencer) AND #state = :pending',
].join(' OR ');

/** That an item is still the very one that was seen: as far as two records of one scan can differ. */
const sameAs = (seen: ScanRecord) => ({
  ConditionExpression: [
    PRESENT,
    'attribute_not_exists(#deleted)',
    '#state = :seenState',
    '#createdAt = :seenCreatedAt',
    seen.sequencer === null ? 'attribute_not_exists(#sequencer)' : '#sequencer = :seenSequencer',
    seen.model === null ? 'attribute_not_exists(#model)' : '#model.#digest = :seenDigest',
  ].join(' AND '),
  ExpressionAttributeNames: {
    '#deleted': 'deleted',
    '#state': 'state',
    '#createdAt': 'createdAt',
    '#sequencer': 'sequencer',
    '#model': 'model',
    ...(seen.model === null ? {} : { '#digest': 'digest' }),
  },
  values: {
    ':seenState': seen.state,
    ':seenCreatedAt': seen.createdAt,
    ...(seen.sequencer === null ? {} : { ':seenSequencer': seen.sequencer }),
    ...(seen.model === null ? {} : { ':seenDigest': seen.model.digest }),
  },
});

/** A write that lost against an entry which then expired is tried again; twice in a row does not happen. */
const ATTEMPTS = 3;

/**
 * Scan results in one DynamoDB table. Every write is one conditional PutItem of the whole item: no transaction, no
 * lock, and no attribute of an earlier state left in an index. A write the SDK repeats because the answer was lost
 * meets its own item, which the conditions answer like the same event delivered twice; a repeated `bury` answers that
 * there was nothing, as for any scan already deleted.
 */
export const createResultStore = (options: ResultStoreOptions): ResultStore => {
  const { client, tableName, tombstoneDays, retentionDays = null, now = Date.now } = options;
  const names = { '#pk': TABLE.partitionKey, '#ttl': TABLE.ttl };

  const get = async (scanId: string): Promise<ScanRecord | Tombstone | undefined> => {
    const command = new GetCommand({ TableName: tableName, Key: scanKey(scanId), ConsistentRead: true });
    const { Item } = await storeCall(() => client.send(command));
    return fromScanItem(Item, now());
  };

  /** Puts an item under a condition; false when it does not hold. */
  const putIf = async (record: ScanRecord, condition: Condition, values: Record<string, unknown>): Promise<boolean> => {
    const nowMs = now();
    const command = new PutCommand({
      TableName: tableName,
      Item: toScanItem(record, nowMs, retentionDays),
      ...condition,
      ExpressionAttributeValues: { ...values, ':now': toSeconds(nowMs) },
    });
    return (await conditionalCall(() => client.send(command))) !== undefined;
  };

  /** Puts an item under a condition, or answers what stands in its way. */
  const putUnless = async (
    record: ScanRecord,
    condition: Condition,
    values: Record<string, unknown>,
  ): Promise<ScanRecord | Tombstone | undefined> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await putIf(record, condition, values)) return undefined;
      const earlier = await get(record.scanId);
      if (earlier !== undefined) return earlier;
    }
    throw storeBusy('a conditional write to be decided');
  };

  return {
    get,
    createOnce: async (record) =>
      (await putUnless(record, { ConditionExpression: ABSENT, ExpressionAttributeNames: names }, {})) ?? record,
    recordEvent: async (record) => {
      const earlier = await putUnless(
        record,
        {
          ConditionExpression: ABSENT_OR_OLDER,
          ExpressionAttributeNames: {
            ...names,
            '#deleted': 'deleted',
            '#sequencer': 'sequencer',
            '#state': 'state',
            '#source': 'source',
            '#versionId': 'versionId',
          },
        },
        {
          ':sequencer': record.sequencer,
          ':pending': 'pending',
          ':failed': 'failed',
          ':backfilled': BACKFILLED,
          ':versionId': record.source.versionId,
        },
      );
      return outcomeOf(earlier);
    },
    replace: async (record, seen) => {
      if (seen === undefined) {
        const absent = { ConditionExpression: ABSENT, ExpressionAttributeNames: names };
        return outcomeOf(await putUnless(record, absent, {}));
      }
      const { ConditionExpression, ExpressionAttributeNames, values } = sameAs(seen);
      const condition = { ConditionExpression, ExpressionAttributeNames: { ...names, ...ExpressionAttributeNames } };
      if (await putIf(record, condition, values)) return 'stored';
      const current = await get(record.scanId);
      return current !== undefined && isTombstone(current) ? 'deleted' : 'kept';
    },
    list: (filter, limit, cursor) => listScans({ client, tableName, nowMs: now() }, filter, limit, cursor),
    bury: async (scanId) => {
      const nowMs = now();
      const command = new PutCommand({
        TableName: tableName,
        Item: toTombstoneItem(scanId, tombstoneDays, nowMs),
        ConditionExpression: `${PRESENT} AND attribute_not_exists(#deleted)`,
        ExpressionAttributeNames: { ...names, '#deleted': 'deleted' },
        ExpressionAttributeValues: { ':now': toSeconds(nowMs) },
        ReturnValues: 'ALL_OLD',
      });
      const buried = await conditionalCall(() => client.send(command));
      const earlier = fromScanItem(buried?.Attributes, nowMs);
      return earlier === undefined || isTombstone(earlier) ? undefined : earlier;
    },
  };
};
