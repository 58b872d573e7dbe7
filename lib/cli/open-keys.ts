import { createApiKeyStore, createMeterStores, createTableClient } from '../adapters/dynamodb';
import { type KeyAccess, openLocalKeys } from '../local/key-access';

export interface TargetOptions {
  readonly dataDir: string;
  /** Of a deployment, instead of the local cloud's. */
  readonly table?: string;
  readonly json?: boolean;
}

/** Keys and usage in a deployment's table, or in the local cloud's, running or not. */
export const openKeys = async ({ table, dataDir }: TargetOptions): Promise<KeyAccess> => {
  if (table === undefined) return openLocalKeys(dataDir);
  const client = createTableClient();
  const stores = { client, tableName: table };
  return { keys: createApiKeyStore(stores), ...createMeterStores(stores), close: async () => client.destroy() };
};
