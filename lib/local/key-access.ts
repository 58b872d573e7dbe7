import { realpath } from 'node:fs/promises';
import { createApiKeyStore, createMeterStores } from '../adapters/dynamodb';
import { SulcusError } from '../core/errors';
import type { ApiKeyStore, LimitStore, UsageStore } from '../core/ports';
import { LOCAL_TABLE } from './data-folder';
import { joinTable } from './join-table';

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
  const { client, close } = await joinTable(folder);
  const table = { client, tableName: LOCAL_TABLE };
  return { keys: createApiKeyStore(table), ...createMeterStores(table), close };
};
