import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import type { ResultChange } from '../../core/publish-results';
import type { ScanRecord } from '../../core/scan-record';
import { fromScanItem, isScanKey, scanKey, toScanItem } from './scan-item';
import { storeCall } from './store-call';
import type { TableClient } from './table-client';

const recordSchema = z.object({
  eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
  dynamodb: z.object({
    SequenceNumber: z.string().min(1),
    NewImage: z.record(z.string(), z.unknown()).optional(),
  }),
});
const streamEventSchema = z.object({ Records: z.array(recordSchema) });

/**
 * The scans that one batch of the table's stream has written; keys, counters and removals are not scans.
 * @throws INVALID_REQUEST when it is no event of a stream, STORE_UNAVAILABLE for an item this version cannot read
 */
export const readStreamRecords = (event: unknown, nowMs: number): ResultChange[] => {
  const parsed = streamEventSchema.safeParse(event);
  if (!parsed.success)
    throw new SulcusError('INVALID_REQUEST', 'expected an event of a table stream, received another');
  return parsed.data.Records.flatMap(({ dynamodb }): ResultChange[] => {
    if (dynamodb.NewImage === undefined) return [];
    const item = unmarshall(dynamodb.NewImage as Record<string, AttributeValue>);
    if (!isScanKey(item)) return [];
    const stored = fromScanItem(item, nowMs);
    return stored === undefined ? [] : [{ position: dynamodb.SequenceNumber, stored }];
  });
};

const KEEP = { removeUndefinedValues: true } as const;

const toStreamEvent = (NewImage: Record<string, unknown>): object => ({
  Records: [{ eventName: 'MODIFY', eventSource: 'aws:dynamodb', dynamodb: { SequenceNumber: '1', NewImage } }],
});

/** What the stream would say of a record that was written, where the table has no stream (dynalite). */
export const writtenAsStreamEvent = (record: ScanRecord, nowMs: number): object =>
  toStreamEvent(marshall(toScanItem(record, nowMs), KEEP));

/** The same of a scan as it is stored now; undefined when there is none. */
export const readAsStreamEvent = async (
  { client, tableName }: { readonly client: TableClient; readonly tableName: string },
  scanId: string,
): Promise<object | undefined> => {
  const command = new GetItemCommand({ TableName: tableName, Key: marshall(scanKey(scanId)), ConsistentRead: true });
  const { Item } = await storeCall(() => client.send(command));
  return Item && toStreamEvent(Item);
};
