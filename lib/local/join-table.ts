import { z } from 'zod';
import { createTable, createTableClient, type TableClient } from '../adapters/dynamodb';
import { dataPaths, LOCAL_TABLE } from './data-folder';
import { readPrivateFile } from './private-files';
import { openLocalTable } from './table';

const tableEndpointSchema = z.object({ endpoint: z.url() });

export interface JoinedTable {
  readonly client: TableClient;
  close(): Promise<void>;
}

/**
 * The table of a data folder for whoever is no server: through the running server's, or through the table's own files
 * when none runs.
 * @param dataFolder its real path
 * @throws CONFIG_INVALID when neither works
 */
export const joinTable = async (dataFolder: string): Promise<JoinedTable> => {
  try {
    const table = await openLocalTable(dataFolder);
    return await connect(table.endpoint, () => table.close());
  } catch (error) {
    // Locked by a running server, which left word where its table answers; a word left by a dead one leads to no lock.
    const text = await readPrivateFile(dataPaths(dataFolder).tableEndpoint);
    if (text === undefined) throw error;
    return connect(tableEndpointSchema.parse(JSON.parse(text)).endpoint, async () => undefined);
  }
};

const connect = async (endpoint: string, closeTable: () => Promise<void>): Promise<JoinedTable> => {
  const client = createTableClient({ endpoint });
  const close = async (): Promise<void> => {
    client.destroy();
    await closeTable();
  };
  try {
    await createTable(client, LOCAL_TABLE);
    return { client, close };
  } catch (error) {
    await close();
    throw error;
  }
};
