import { realpath } from 'node:fs/promises';
import { z } from 'zod';
import { createApiKeyStore, createMeterStores, createTable, createTableClient } from '../adapters/dynamodb';
import { SulcusError } from '../core/errors';
import type { ApiKeyStore, LimitStore, UsageStore } from '../core/ports';
import { dataPaths, LOCAL_TABLE } from './data-folder';
import { readPrivateFile } from './private-files';
import { openLocalTable } from './table';

const tableEndpointSchema = z.object({ endpoint: z.url() });

/** What the command line does to keys and reads of their use. */
export interface KeyAccess {
  readonly keys: ApiKeyStore;
  readonly usage: UsageStore;
  readonly limits: LimitStore;
  close(): Promise<void>;
}

/**
 * The API keys of a local cloud: through the running server's table, or through the table's own files when none runs.
 * @throws CONFIG_INVALID when the data folder does not exist or neither works
 */
export const openLocalKeys = async (dataFolder: string): Promise<KeyAccess> => {
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

const connect = async (endpoint: string, closeTable: () => Promise<void>): Promise<KeyAccess> => {
  const client = createTableClient({ endpoint });
  const close = async (): Promise<void> => {
    client.destroy();
    await closeTable();
  };
  try {
    await createTable(client, LOCAL_TABLE);
    const table = { client, tableName: LOCAL_TABLE };
    return { keys: createApiKeyStore(table), ...createMeterStores(table), close };
  } catch (error) {
    await close();
    throw error;
  }
};
