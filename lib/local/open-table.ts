import {
  createApiKeyStore,
  createMeterStores,
  createResultStore,
  createTable,
  createTableClient,
  readAsStreamEvent,
} from '../adapters/dynamodb';
import type { ApiKeyStore, LimitStore, ResultStore, UsageStore } from '../core/ports';
import { dataPaths, LOCAL_TABLE, removeFiles, writeJson } from './data-folder';
import { openLocalTable } from './table';

/** What has to be done at the end, in reverse order. */
export type Closing = (() => Promise<unknown>)[];

export interface LocalStores {
  readonly keys: ApiKeyStore;
  readonly results: ResultStore;
  /** A scan as the table's stream would show it, had the table one. */
  readonly readAsStreamEvent: (scanId: string) => Promise<object | undefined>;
  readonly meters: { readonly usage: UsageStore; readonly limits: LimitStore };
}

/**
 * The table of a data folder, which from then on is ours: word that an earlier server left is removed, and word of
 * this one's table put there for the command line.
 * @throws CONFIG_INVALID when another server has it
 */
export const openTable = async (dataFolder: string, closing: Closing): Promise<LocalStores> => {
  const { endpoint, tableEndpoint } = dataPaths(dataFolder);
  const table = await openLocalTable(dataFolder);
  closing.push(() => table.close());
  await removeFiles(endpoint);
  await writeJson(tableEndpoint, { endpoint: table.endpoint });
  closing.push(() => removeFiles(tableEndpoint));
  const client = createTableClient({ endpoint: table.endpoint });
  closing.push(async () => client.destroy());
  await createTable(client, LOCAL_TABLE);
  return {
    keys: createApiKeyStore({ client, tableName: LOCAL_TABLE }),
    // The folder is a queue that forgets nothing, so tombstones stay too.
    results: createResultStore({ client, tableName: LOCAL_TABLE, tombstoneDays: null }),
    readAsStreamEvent: (scanId) => readAsStreamEvent({ client, tableName: LOCAL_TABLE }, scanId),
    meters: createMeterStores({ client, tableName: LOCAL_TABLE }),
  };
};
