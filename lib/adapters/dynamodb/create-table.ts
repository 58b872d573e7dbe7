import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, type TableDescription } from '@aws-sdk/client-dynamodb';
import { SulcusError } from '../../core/errors';
import { TABLE } from '../../topology';
import { storeBusy, storeCall, tableCall } from './store-call';
import type { TableClient } from './table-client';

const WAIT_MS = 60_000;

const keySchema = (partitionKey: string, sortKey: string) => [
  { AttributeName: partitionKey, KeyType: 'HASH' as const },
  { AttributeName: sortKey, KeyType: 'RANGE' as const },
];

const describe = async (client: TableClient, tableName: string): Promise<TableDescription | undefined> =>
  (await tableCall(() => client.send(new DescribeTableCommand({ TableName: tableName }))))?.Table;

const create = async (client: TableClient, tableName: string): Promise<void> => {
  const indexKeys = TABLE.indexes.flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]);
  const attributes = [...new Set<string>([TABLE.partitionKey, TABLE.sortKey, ...indexKeys])];
  const command = new CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
    KeySchema: keySchema(TABLE.partitionKey, TABLE.sortKey),
    GlobalSecondaryIndexes: TABLE.indexes.map(({ name, partitionKey, sortKey }) => ({
      IndexName: name,
      KeySchema: keySchema(partitionKey, sortKey),
      Projection: { ProjectionType: 'KEYS_ONLY' as const },
    })),
  });
  await storeCall(async () => {
    try {
      await client.send(command);
    } catch (error) {
      // Somebody else created it meanwhile: as good.
      if ((error as Error).name !== 'ResourceInUseException') throw error;
    }
  });
};

/**
 * Creates the table with its indexes as topology's TABLE names them, unless it is there; resolves once it is ACTIVE.
 * For emulators and tests; on AWS the stack does it (and switches encryption, TTL and backups on).
 * @throws CONFIG_INVALID when a table of this name lacks an index, STORE_UNAVAILABLE
 */
export const createTable = async (client: TableClient, tableName: string): Promise<void> => {
  const deadline = Date.now() + WAIT_MS;
  let table = await describe(client, tableName);
  if (table === undefined) await create(client, tableName);
  for (let delayMs = 5; table?.TableStatus !== 'ACTIVE'; delayMs = Math.min(delayMs * 2, 2_000)) {
    if (Date.now() > deadline) throw storeBusy(`the table to be ACTIVE within ${WAIT_MS / 1000} s`);
    await sleep(delayMs);
    table = await describe(client, tableName);
  }
  const present = new Set(table.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName));
  const missing = TABLE.indexes.map(({ name }) => name).filter((name) => !present.has(name));
  if (missing.length > 0) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected a table with the indexes of this version, received one without ${missing.join(', ')}`,
    );
  }
};
