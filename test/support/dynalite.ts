import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { createTable, createTableClient, type TableClient } from '../../lib/adapters/dynamodb';

export interface TestTable {
  readonly client: TableClient;
  readonly endpoint: string;
  readonly tableName: string;
  close(): Promise<void>;
}

/** A fresh table in memory, or on the DynamoDB endpoint given: moto, or AWS itself. */
export const openTestTable = async (endpoint?: string): Promise<TestTable> => {
  const tableName = `sulcus-test-${crypto.randomUUID()}`;
  if (endpoint !== undefined) {
    const client = createTableClient({ endpoint });
    await createTable(client, tableName);
    return { client, endpoint, tableName, close: () => deleteTable(client, tableName) };
  }
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createTableClient({ endpoint: local });
  await createTable(client, tableName);
  return {
    client,
    endpoint: local,
    tableName,
    close: async () => {
      client.destroy();
      await promisify(server.close.bind(server))();
    },
  };
};

const deleteTable = async (client: TableClient, tableName: string): Promise<void> => {
  await client.send(new DeleteTableCommand({ TableName: tableName }));
  client.destroy();
};
