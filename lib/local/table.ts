import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import dynalite from 'dynalite';
import { SulcusError } from '../core/errors';

export interface LocalTable {
  /** For `createTableClient({ endpoint })`. */
  readonly endpoint: string;
  /** Lets requests finish, then closes the database: within a second, keep-alive connections or not. */
  close(): Promise<void>;
}

/** The part of LevelDB we use, as dynalite opens it: JSON values under `table~<name>`, `item-<name>~…` */
interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, { TableStatus?: string }]>;
  del(key: string): Promise<void>;
}
type LevelClass = new (folder: string, options: { valueEncoding: 'json' }) => Level;

const GRACE_MS = 600;
const POLL_MS = 20;

const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

/**
 * Opens and closes the database before dynalite does. dynalite throws a failed opening out of a callback, which ends
 * the process with a stack trace; here it becomes an error that says what to do. And a table that kill -9 caught
 * while it was being created stays CREATING for ever: it is empty, so it goes and is created again.
 */
const checkDatabase = async (folder: string): Promise<void> => {
  // dynalite's own LevelDB, not whichever copy is hoisted: two of them must agree on the lock.
  const { Level } = createRequire(require.resolve('dynalite'))('level') as { Level: LevelClass };
  const database = new Level(folder, { valueEncoding: 'json' });
  try {
    await mkdir(folder, { recursive: true });
    await database.open();
    for await (const [key, table] of database.iterator({ gte: 'table~', lt: 'table~\xff' })) {
      if (table.TableStatus === 'CREATING') await database.del(key);
    }
  } catch (error) {
    const locked = error instanceof Error && hasCode(error.cause, 'LEVEL_LOCKED');
    throw new SulcusError(
      'CONFIG_INVALID',
      locked
        ? 'expected an unused data folder, received one that another running Sulcus has open'
        : 'expected a data folder whose table can be opened and written, received one where that fails',
      { cause: error },
    );
  } finally {
    await database.close();
  }
};

/**
 * The embedded cloud's table: DynamoDB's protocol on a LevelDB in `<dataFolder>/table`, on a free port of this machine
 * only. Every acknowledged write is with the operating system and survives kill -9.
 * @throws CONFIG_INVALID when another process has the folder open, or it cannot be opened
 */
export const openLocalTable = async (dataFolder: string): Promise<LocalTable> => {
  const folder = path.join(dataFolder, 'table');
  await checkDatabase(folder);
  const server = dynalite({ path: folder, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  // A server that drops idle connections races with the client that is about to use one.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  const close = async (): Promise<void> => {
    const closeIdle = setInterval(() => server.closeIdleConnections(), POLL_MS);
    const closeAll = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    try {
      await promisify(server.close.bind(server))();
    } finally {
      clearInterval(closeIdle);
      clearTimeout(closeAll);
    }
  };
  let closing: Promise<void> | undefined;
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};
