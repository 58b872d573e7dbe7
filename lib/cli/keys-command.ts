import { createApiKeyStore, createTableClient } from '../adapters/dynamodb';
import { createApiKey } from '../core/api-keys';
import { SulcusError } from '../core/errors';
import type { ApiKeyStore } from '../core/ports';
import { openLocalKeys } from '../local/key-access';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { renderTable } from './output';

export interface KeysOptions {
  readonly dataDir: string;
  readonly table?: string;
  readonly json?: boolean;
}

const openKeys = async ({ table, dataDir }: KeysOptions): Promise<{ keys: ApiKeyStore; close: () => Promise<void> }> =>
  table === undefined
    ? openLocalKeys(dataDir)
    : { keys: createApiKeyStore({ client: createTableClient(), tableName: table }), close: async () => {} };

/** `sulcus keys create|list|revoke` on a deployment's table or on the local cloud's, running or not. */
export const keysCommand = async (
  action: 'create' | 'list' | 'revoke',
  argument: string,
  options: KeysOptions,
  output: Output,
): Promise<number> => {
  const { keys, close } = await openKeys(options);
  try {
    if (action === 'create') await create(keys, argument, options, output);
    else if (action === 'list') await list(keys, options, output);
    else await revoke(keys, argument, options, output);
    return EXIT.ok;
  } finally {
    await close();
  }
};

const create = async (keys: ApiKeyStore, name: string, { json }: KeysOptions, output: Output): Promise<void> => {
  const { key, record } = await createApiKey(keys, name, Date.now());
  const { keyId, createdAt } = record;
  if (json) output.line(JSON.stringify({ keyId, name, createdAt, key }));
  else {
    output.line(key);
    output.note(`Key ${keyId} ("${name}"). It is shown only now: keep it safe.`);
  }
};

const list = async (keys: ApiKeyStore, { json }: KeysOptions, output: Output): Promise<void> => {
  const records = (await keys.list()).map(({ keyHash, ...publicFacts }) => publicFacts);
  if (json) for (const record of records) output.line(JSON.stringify(record));
  else {
    const rows = records.map(({ keyId, createdAt, revokedAt, name }) => [
      keyId,
      createdAt,
      revokedAt ?? 'active',
      name,
    ]);
    for (const line of renderTable([['KEY ID', 'CREATED', 'REVOKED', 'NAME'], ...rows])) output.line(line);
  }
};

const revoke = async (keys: ApiKeyStore, keyId: string, { json }: KeysOptions, output: Output): Promise<void> => {
  const revokedAt = new Date().toISOString();
  if (!(await keys.revoke(keyId, revokedAt))) {
    throw new SulcusError(
      'INVALID_REQUEST',
      'expected the id of a key (see "sulcus keys list"), received an unknown one',
    );
  }
  if (json) output.line(JSON.stringify({ keyId, revokedAt }));
  else output.note(`Key ${keyId} is revoked.`);
};
