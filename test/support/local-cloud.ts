import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScanResult } from '../../lib/core/contract';
import { type LocalCloudOptions, startLocalCloud } from '../../lib/local';
import { createLogRecorder } from './log-recorder';

export interface Endpoint {
  readonly url: string;
  readonly apiKey: string;
}

export const call = ({ url, apiKey }: Endpoint, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}${path}`, { ...init, headers: { 'x-api-key': apiKey, ...init.headers } });

/** Every stored scan, page by page. */
export const listScans = async (endpoint: Endpoint, query: Record<string, string> = {}): Promise<ScanResult[]> => {
  const scans: ScanResult[] = [];
  let cursor: string | null = null;
  do {
    const search: URLSearchParams = new URLSearchParams({
      limit: '100',
      ...query,
      ...(cursor === null ? {} : { cursor }),
    });
    const response = await call(endpoint, `/v1/scans?${search}`);
    const page = (await response.json()) as { items: ScanResult[]; nextCursor: string | null };
    scans.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return scans;
};

/** What `probe` answers once it answers something; a test fails when it never does. */
export const until = async <T>(probe: () => Promise<T | undefined | false>, withinMs = 15_000): Promise<T> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const asked = Date.now();
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`expected an answer within ${withinMs} ms`);
    // A listing is work for the cloud that it waits for, in the same process: at most half the time.
    await sleep(Math.max(50, Date.now() - asked));
  }
};

/** The final results, once there are so many. */
export const finalScans = (endpoint: Endpoint, count: number, withinMs?: number): Promise<ScanResult[]> =>
  until(async () => {
    const scans = (await listScans(endpoint)).filter(({ state }) => state !== 'pending');
    return scans.length >= count && scans;
  }, withinMs);

export interface Folders {
  readonly dataFolder: string;
  readonly scanFolder: string;
  remove(): Promise<void>;
}

export const makeFolders = async (): Promise<Folders> => {
  const root = await mkdtemp(path.join(tmpdir(), 'sulcus-local-'));
  return {
    dataFolder: path.join(root, 'data'),
    scanFolder: path.join(root, 'scans'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

/** A local cloud in this process on a free port. */
export const startTestCloud = async (
  options: Pick<LocalCloudOptions, 'dataFolder' | 'scanFolder'> & Partial<LocalCloudOptions>,
) => {
  const logger = createLogRecorder();
  const cloud = await startLocalCloud({ port: 0, modelFolder: '/nowhere', logger, ...options });
  return { ...cloud, logger };
};
