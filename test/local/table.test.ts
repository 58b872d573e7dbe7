import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createResultStore, createTable, createTableClient } from '../../lib/adapters/dynamodb';
import { openLocalTable } from '../../lib/local/table';
import { scanRecord } from '../support/scan-records';

let dataFolder: string;
beforeEach(async () => {
  dataFolder = await mkdtemp(path.join(tmpdir(), 'sulcus-table-'));
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

const openStore = async () => {
  const table = await openLocalTable(dataFolder);
  const client = createTableClient({ endpoint: table.endpoint });
  await createTable(client, 'results');
  const store = createResultStore({ client, tableName: 'results', tombstoneDays: 30 });
  return { ...table, client, store };
};

const startWriter = (): ChildProcessWithoutNullStreams =>
  spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, '../support/table-writer.ts'), dataFolder]);

/** The ids a writer has acknowledged when it is killed, whole lines only. */
const writeAndKill = async (count: number): Promise<string[]> => {
  const writer = startWriter();
  let output = '';
  let errors = '';
  writer.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  writer.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.split('\n').length > count) writer.kill('SIGKILL');
  });
  const [, signal] = await once(writer, 'close');
  if (signal !== 'SIGKILL') throw new Error(`expected the writer to be killed, received its end: ${errors}`);
  return output.split('\n').slice(0, -1);
};

describe('openLocalTable', () => {
  it('serves the same data after it was closed and opened again', async () => {
    const first = await openStore();
    const record = scanRecord('classified');
    await first.store.createOnce(record);
    await first.close();

    const second = await openStore();
    const stored = await second.store.get(record.scanId);

    expect(stored).toEqual(record);
    await second.close();
  });

  it('has every acknowledged write after kill -9, twice over', async () => {
    const acknowledged = [...(await writeAndKill(60)), ...(await writeAndKill(60))];

    const { store, close } = await openStore();
    const stored = await Promise.all(acknowledged.map((scanId) => store.get(scanId)));
    const listed = new Set<string>();
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await store.list({}, 100, cursor);
      for (const { scanId } of page.records) listed.add(scanId);
      cursor = page.nextCursor;
    }

    expect(acknowledged.filter((scanId) => !listed.has(scanId))).toEqual([]);
    expect(new Set(acknowledged).size).toBeGreaterThanOrEqual(120);
    expect(stored.filter((entry) => entry === undefined)).toEqual([]);
    await close();
  });

  it('refuses a folder that another process has open, and leaves that one in peace', async () => {
    const writer = startWriter();
    await once(writer.stdout, 'data');

    const second = openLocalTable(dataFolder);

    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('expected an unused data folder'),
    });
    await once(writer.stdout, 'data');
    writer.kill('SIGKILL');
    await once(writer, 'close');
  });

  it('refuses a folder that cannot be one', async () => {
    await writeFile(path.join(dataFolder, 'table'), 'a file');

    const opening = openLocalTable(dataFolder);

    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('creates a table again that was killed while it was being created', async () => {
    const first = await openStore();
    await first.close();
    const { Level } = createRequire(require.resolve('dynalite'))('level');
    const database = new Level(path.join(dataFolder, 'table'), { valueEncoding: 'json' });
    await database.put('table~results', { ...(await database.get('table~results')), TableStatus: 'CREATING' });
    await database.close();

    const second = await openStore();

    expect(await second.store.list({}, 10)).toEqual({ records: [], nextCursor: null });
    await second.close();
  });

  it('closes within a second although clients keep their connections, and twice', async () => {
    const { endpoint, store, close } = await openStore();
    await Promise.all(Array.from({ length: 20 }, () => store.createOnce(scanRecord('classified'))));
    const agent = new Agent({ keepAlive: true });
    const response = await new Promise<NodeJS.ReadableStream>((resolve) => get(endpoint, { agent }, resolve));
    response.resume();
    await once(response, 'end');
    const start = performance.now();

    await Promise.all([close(), close()]);

    expect(performance.now() - start).toBeLessThan(1_000);
    agent.destroy();
  });

  it('listens on this machine only', async () => {
    const { endpoint, close } = await openLocalTable(dataFolder);

    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await close();
  });
});
