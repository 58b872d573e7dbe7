import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScanList } from '../lib/core/contract';

const LAUNCHER = resolve(__dirname, '../bin/sulcus.js');

export interface LocalServer {
  readonly url: string;
  readonly apiKey: string;
  readonly scanFolder: string;
  readonly process: ChildProcess;
  /** One API call with the key; throws on any status but 2xx. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Every stored scan that the query matches, page by page. */
  list(query?: string): Promise<ScanList['items']>;
  /** SIGTERM, or SIGKILL; resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The product's own `sulcus start` in a process of its own, as a user runs it. */
export const startServer = async (dataFolder: string, extra: readonly string[] = []): Promise<LocalServer> => {
  // SIGKILL leaves the file of the server before.
  rmSync(join(dataFolder, 'endpoint.json'), { force: true });
  const child = fork(LAUNCHER, ['start', '--port', '0', '--data-dir', dataFolder, ...extra], { silent: true });
  child.stderr?.pipe(process.stderr);
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const endpointFile = join(dataFolder, 'endpoint.json');
  while (!existsSync(endpointFile)) {
    const code = await Promise.race([delay(50, undefined), exited]);
    if (code !== undefined) throw new Error(`expected a server that starts, received exit code ${code}`);
  }
  const { url, apiKey, scanFolder } = JSON.parse(readFileSync(endpointFile, 'utf8'));
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, { ...init, headers: { 'x-api-key': apiKey, ...init.headers } });
    if (!response.ok)
      throw new Error(`expected 2xx for ${path}, received ${response.status}: ${await response.text()}`);
    return response;
  };
  const list = async (query = '') => {
    const items: ScanList['items'] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await (await call(`/v1/scans?limit=100&${query}${next}`)).json()) as ScanList;
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await exited;
  };
  return { url, apiKey, scanFolder, process: child, call, list, stop };
};

/** A folder that is gone when the work is. */
export const withTemporaryFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-bench-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
