import { createApiKey, rotateApiKey } from '../core/api-keys';
import { SulcusError } from '../core/errors';
import { formatRate, type KeyLimits, type Rate } from '../core/key-limits';
import type { ApiKeyRecord, ApiKeyStore } from '../core/ports';
import { EXIT } from './exit-codes';
import { openKeys, type TargetOptions } from './open-keys';
import type { Output } from './output';
import { renderTable } from './output';

export interface KeysOptions extends TargetOptions {
  /** Of a new key. @default no limit */
  readonly rate?: Rate;
  /** Scans a month, of a new key. @default no limit */
  readonly quota?: number;
  /** How long the secret that a rotation replaces still works, in ms. */
  readonly overlap?: number;
}

export type KeysAction = 'create' | 'list' | 'rotate' | 'revoke';

/** `sulcus keys create|list|rotate|revoke` on a deployment's table or on the local cloud's, running or not. */
export const keysCommand = async (
  action: KeysAction,
  argument: string,
  options: KeysOptions,
  output: Output,
): Promise<number> => {
  const { keys, close } = await openKeys(options);
  try {
    if (action === 'create') await create(keys, argument, options, output);
    else if (action === 'list') await list(keys, options, output);
    else if (action === 'rotate') await rotate(keys, argument, options, output);
    else await revoke(keys, argument, options, output);
    return EXIT.ok;
  } finally {
    await close();
  }
};

/** What may be shown of a key: not its hash. */
const publicFacts = ({ keyId, name, createdAt, revokedAt, expiresAt, rate, quota }: ApiKeyRecord) => ({
  keyId,
  name,
  createdAt,
  revokedAt,
  rate: rate && formatRate(rate),
  quota,
  replacedUntil: expiresAt,
});

const create = async (
  keys: ApiKeyStore,
  name: string,
  { json, ...options }: KeysOptions,
  output: Output,
): Promise<void> => {
  const { rate = null, quota = null }: Partial<KeyLimits> = options;
  const { key, record } = await createApiKey(keys, name, Date.now(), { rate, quota });
  const { keyId, createdAt } = record;
  if (json) output.line(JSON.stringify({ keyId, name, createdAt, rate: rate && formatRate(rate), quota, key }));
  else {
    output.line(key);
    output.note(`Key ${keyId} ("${name}"). It is shown only now: keep it safe.`);
  }
};

const list = async (keys: ApiKeyStore, { json }: KeysOptions, output: Output): Promise<void> => {
  const records = (await keys.list()).map(publicFacts);
  if (json) for (const record of records) output.line(JSON.stringify(record));
  else {
    const rows = records.map(({ keyId, createdAt, revokedAt, rate, quota, name }) => [
      keyId,
      createdAt,
      revokedAt ?? 'active',
      rate ?? '-',
      quota?.toString() ?? '-',
      name,
    ]);
    for (const line of renderTable([['KEY ID', 'CREATED', 'REVOKED', 'RATE', 'QUOTA', 'NAME'], ...rows])) {
      output.line(line);
    }
  }
};

const rotate = async (
  keys: ApiKeyStore,
  keyId: string,
  { json, overlap = 0 }: KeysOptions,
  output: Output,
): Promise<void> => {
  const { key, earlierEndAt } = await rotateApiKey(keys, keyId, overlap, Date.now());
  if (json) output.line(JSON.stringify({ keyId, key, replacedUntil: earlierEndAt }));
  else {
    output.line(key);
    output.note(`Key ${keyId} has this secret now. It is shown only now; the one before works until ${earlierEndAt}.`);
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
