import { realpath } from 'node:fs/promises';
import { z } from 'zod';
import { createApiKeyStore, createTable, createTableClient } from '../adapters/dynamodb';
import { SulcusError } from '../core/errors';
import type { ApiKeyStore } from '../core/ports';
import { dataPaths, LOCAL_TABLE } from './data-folder';
import { readPrivateFile } from './private-files';
import { openLocalTable } from './table';

const tableEndpointSchema = z.object({ endpoint: z.url() });

/**
 * The API keys of a local cloud: through the running server's table, or through the table's own files when none runs.
 * @throws CONFIG_INVALID when the data folder does not exist or neither works
 */
export const openLocalKeys = async (dataFolder: string): Promise<{ keys: ApiKeyStore; close: () => Promise<void> }> => {
  const folder = await realpath(dataFolder).catch((cause: unknown) => {
    throw new SulcusError('CONFIG_INVALID', 'expected the data folder of a local cloud, received none', { cause });
  });
  try {
    const table = await openLocalTable(folder);
    return await connect(table.endpoint, () => table.close());
  } catch (error) {
    // Locked by a running server, which left word where its table answers; a word left by a dead one leads to no lock.
    const text = await readPrivateFile(dataPaths(folder).tableEndpoint);
    if (text === undefined) throw error;
    return connect(tableEndpointSchema.parse(JSON.parse(text)).endpoint, async () => undefined);
  }
};

const connect = async (endpoint: string, closeTable: () => Promise<void>) => {
  const client = createTableClient({ endpoint });
  const close = async (): Promise<void> => {
    client.destroy();
    await closeTable();
  };
  try {
    await createTable(client, LOCAL_TABLE);
    return { keys: createApiKeyStore({ client, tableName: LOCAL_TABLE }), close };
  } catch (error) {
    await close();
    throw error;
  }
};
