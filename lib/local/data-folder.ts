import { randomBytes } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { authenticate, createApiKey } from '../core/api-keys';
import { isSulcusError, SulcusError } from '../core/errors';
import type { ApiKeyStore } from '../core/ports';
import { readPrivateFile, writePrivateFile } from './private-files';

/** The one table in the data folder. */
export const LOCAL_TABLE = 'sulcus';

/** Files of the data folder; the table's is in table.ts. */
export const dataPaths = (dataFolder: string) => ({
  /** There while a server is ready, for whoever waits for it. */
  endpoint: path.join(dataFolder, 'endpoint.json'),
  /** There while a server runs: where its table is reached. */
  tableEndpoint: path.join(dataFolder, 'table-endpoint.json'),
  apiKey: path.join(dataFolder, 'api-key'),
  uploadSecret: path.join(dataFolder, 'upload-secret'),
  deadLetters: path.join(dataFolder, 'dead-letter'),
  /** Events on their way to the webhook. */
  outbox: path.join(dataFolder, 'outbox'),
  deadWebhooks: path.join(dataFolder, 'dead-letter-webhooks'),
});

const contains = (folder: string, other: string): boolean => {
  const relative = path.relative(folder, other);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
};

/**
 * Makes both folders.
 * @returns their real paths, as events of the file system name them
 * @throws CONFIG_INVALID when the data folder is in the scan folder: its files would be taken for scans
 */
export const prepareFolders = async (
  dataFolder: string,
  scanFolder: string,
): Promise<{ dataFolder: string; scanFolder: string }> => {
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o700 });
    await mkdir(scanFolder, { recursive: true });
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected data and scan folders that can be made, received others', {
      cause,
    });
  }
  const real = { dataFolder: await realpath(dataFolder), scanFolder: await realpath(scanFolder) };
  if (contains(real.scanFolder, real.dataFolder)) {
    throw new SulcusError('CONFIG_INVALID', 'expected a data folder outside the scan folder, received one inside it');
  }
  return real;
};

/** The key from before when it still opens, otherwise a new one. */
export const keepApiKey = async (keys: ApiKeyStore, file: string, now: number): Promise<string> => {
  const earlier = await readPrivateFile(file);
  if (earlier !== undefined && (await isValid(keys, earlier, now))) return earlier;
  const { key } = await createApiKey(keys, 'sulcus start', now);
  await writePrivateFile(file, `${key}\n`);
  return key;
};

const isValid = async (keys: ApiKeyStore, apiKey: string, now: number): Promise<boolean> => {
  try {
    await authenticate(keys, { apiKey }, now);
    return true;
  } catch (error) {
    if (isSulcusError(error) && error.code === 'UNAUTHORIZED') return false;
    throw error;
  }
};

/** Signs upload URLs; kept, so that they outlive a restart as S3's do. */
export const keepUploadSecret = async (file: string): Promise<string> => {
  const earlier = await readPrivateFile(file);
  if (earlier !== undefined && earlier.length >= 43) return earlier;
  const secret = randomBytes(32).toString('base64url');
  await writePrivateFile(file, `${secret}\n`);
  return secret;
};

export const writeJson = (file: string, value: object): Promise<void> =>
  writePrivateFile(file, `${JSON.stringify(value, null, 2)}\n`);

/** The port in the endpoint.json that a killed server left behind, if there is one. */
export const portLeftBehind = async (file: string): Promise<number | undefined> => {
  const port = /"url": "http:\/\/127\.0\.0\.1:(\d{1,5})"/.exec((await readPrivateFile(file)) ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
};

export const removeFiles = async (...files: readonly string[]): Promise<void> => {
  for (const file of files) await rm(file, { force: true });
};
