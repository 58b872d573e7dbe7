import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchGetCommand, GetCommand, PutCommand, type PutCommandOutput } from '@aws-sdk/lib-dynamodb';
import { createResultStore, createTable, createTableClient, type TableClient } from '../../../lib/adapters/dynamodb';
import { openTestTable, type TestTable } from '../../support/dynalite';
import { scanRecord, sequencerOf } from '../../support/scan-records';

type Send = (command: unknown) => Promise<unknown>;

/** The client with something done to each command on its way. */
const intercept = (client: TableClient, send: (command: unknown, pass: Send) => Promise<unknown>): TableClient =>
  ({ send: (command: unknown) => send(command, (passed) => client.send(passed as never)) }) as unknown as TableClient;

let table: TestTable;
beforeEach(async () => {
  table = await openTestTable();
});
afterEach(() => table.close());

const storeWith = (client: TableClient) =>
  createResultStore({ client, tableName: table.tableName, tombstoneDays: 30, now: () => Date.UTC(2026, 10, 23) });
const readItem = async (scanId: string) => {
  const command = new GetCommand({ TableName: table.tableName, Key: { pk: `SCAN#${scanId}`, sk: 'RESULT' } });
  return (await table.client.send(command)).Item;
};

describe('items', () => {
  it('leave nothing of a deleted scan but that it is deleted', async () => {
    const store = storeWith(table.client);
    const record = scanRecord('classified', { apiKeyId: '0123456789ab' });
    await store.createOnce(record);

    await store.bury(record.scanId);

    expect(await readItem(record.scanId)).toEqual({
      pk: `SCAN#${record.scanId}`,
      sk: 'RESULT',
      schemaVersion: 1,
      deleted: true,
      expiresAt: Date.UTC(2026, 10, 23) / 1000 + 30 * 86_400,
    });
  });

  it('expire so many days after their scan was created, where results are kept for a time', async () => {
    const now = Date.UTC(2026, 10, 23);
    const store = createResultStore({
      client: table.client,
      tableName: table.tableName,
      tombstoneDays: 30,
      retentionDays: 10,
      now: () => now,
    });
    const [fresh, stale] = ['2026-11-20T00:00:00.500Z', '2026-11-12T00:00:00.000Z'].map((createdAt) =>
      scanRecord('classified', { createdAt }),
    );

    await store.createOnce(fresh!);
    await store.recordEvent({ ...stale!, sequencer: sequencerOf(1) });

    expect((await readItem(fresh!.scanId))?.expiresAt).toBe(Date.UTC(2026, 10, 30) / 1000 + 1);
    expect(await store.get(fresh!.scanId)).toEqual(fresh);
    // An event that comes late: what it wrote has expired already.
    expect(await store.get(stale!.scanId)).toBeUndefined();
    expect((await store.list({}, 10)).records).toEqual([fresh]);
  });

  it('stand in the label index only while classified', async () => {
    const store = storeWith(table.client);
    const classified = { ...scanRecord('classified'), sequencer: sequencerOf(1) };
    await store.recordEvent(classified);
    const before = await readItem(classified.scanId);

    await store.recordEvent({ ...scanRecord('rejected', { scanId: classified.scanId }), sequencer: sequencerOf(2) });

    const after = await readItem(classified.scanId);
    expect(before?.labelPk).toMatch(/^LABEL#glioma#(0\d|1[0-5])$/);
    expect(before?.statePk).toMatch(/^STATE#classified#/);
    expect(after).not.toHaveProperty('labelPk');
    expect(after?.statePk).toMatch(/^STATE#rejected#/);
    expect(after?.position).toBe(before?.position);
  });

  it('spread evenly over 16 shards', async () => {
    const store = storeWith(table.client);
    const records = Array.from({ length: 320 }, () => scanRecord('classified'));
    await Promise.all(records.map((record) => store.createOnce(record)));

    const items = await Promise.all(records.map(({ scanId }) => readItem(scanId)));

    const counts = new Map<string, number>();
    for (const item of items) counts.set(item?.newestPk, (counts.get(item?.newestPk) ?? 0) + 1);
    expect(counts.size).toBe(16);
    // 20 expected of each; 60 would be 9 standard deviations off.
    expect(Math.max(...counts.values())).toBeLessThan(60);
  });

  it.each([
    [4, 1],
    [20, 2],
  ])('of an upload with %i labels cost %i write units beside the indexes', async (count, units) => {
    let consumed: number | undefined;
    const store = storeWith(
      intercept(table.client, async (command, pass) => {
        (command as PutCommand).input.ReturnConsumedCapacity = 'TOTAL';
        const answer = (await pass(command)) as PutCommandOutput;
        consumed = answer.ConsumedCapacity?.CapacityUnits;
        return answer;
      }),
    );
    const scores = Array.from({ length: count }, (_, index) => ({
      label: `tumour type ${index}`,
      score: 1 / (index + 3),
      logit: -1 / (index + 7),
    }));

    await store.recordEvent({ ...scanRecord('classified', { scores }), sequencer: sequencerOf(1) });

    expect(consumed).toBe(units);
  });

  it.each([
    ['of a later schema version', { schemaVersion: 2 }],
    ['whose numbers are not JSON', { numbers: '{' }],
    ['without a state', { state: undefined }],
  ])('%s are refused, not misread', async (_, change) => {
    const store = storeWith(table.client);
    const record = scanRecord('classified');
    await store.createOnce(record);
    const item = { ...(await readItem(record.scanId)), ...change };
    await table.client.send(new PutCommand({ TableName: table.tableName, Item: item }));

    const reading = store.get(record.scanId);

    await expect(reading).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('schema'),
    });
  });
});

describe('an index that is behind the table', () => {
  it('shows no scan under a state or label it no longer has', async () => {
    const store = storeWith(table.client);
    const record = scanRecord('rejected');
    await store.createOnce(record);
    const item = await readItem(record.scanId);
    const shard = String(item?.newestPk).slice(-2);
    const stale = {
      ...item,
      statePk: `STATE#classified#${shard}`,
      labelPk: `LABEL#glioma#${shard}`,
      keyPk: 'KEY#other',
    };
    await table.client.send(new PutCommand({ TableName: table.tableName, Item: stale }));

    const lists = await Promise.all(
      [{ state: 'classified' as const }, { label: 'glioma' }, { key: 'other' }, {}].map((some) => store.list(some, 10)),
    );

    expect(lists.map(({ records }) => records)).toEqual([[], [], [], [record]]);
  });

  it('shows no scan at a time it no longer has', async () => {
    const store = storeWith(table.client);
    const record = scanRecord('classified');
    await store.createOnce(record);
    const item = await readItem(record.scanId);
    const moved = { ...item, createdAt: '2026-11-20T00:00:00.000Z' };
    await table.client.send(new PutCommand({ TableName: table.tableName, Item: moved }));

    const { records } = await store.list({}, 10);

    expect(records).toEqual([]);
  });

  it('shows nothing of a scan deleted between the index and the item, and fills the page', async () => {
    const store = storeWith(table.client);
    const records = Array.from({ length: 12 }, (_, index) =>
      scanRecord('classified', { createdAt: new Date(Date.UTC(2026, 10, 22, 0, 0, index)).toISOString() }),
    );
    for (const record of records) await store.createOnce(record);
    const deleted = records[11]?.scanId as string;
    const racing = storeWith(
      intercept(table.client, async (command, pass) => {
        if (command instanceof BatchGetCommand) await store.bury(deleted);
        return pass(command);
      }),
    );

    const page = await racing.list({}, 5);

    expect(page.records).toEqual(records.slice(6, 11).reverse());
    expect(page.nextCursor).not.toBeNull();
  });
});

describe('throttling', () => {
  it('reads again what a batch left unread', async () => {
    const store = storeWith(table.client);
    for (let index = 0; index < 9; index += 1) await store.createOnce(scanRecord('classified'));
    let batches = 0;
    const throttled = storeWith(
      intercept(table.client, async (command, pass) => {
        if (!(command instanceof BatchGetCommand)) return pass(command);
        batches += 1;
        const { Keys = [], ...options } = command.input.RequestItems?.[table.tableName] ?? {};
        const some = new BatchGetCommand({
          RequestItems: { [table.tableName]: { ...options, Keys: Keys.slice(0, 4) } },
        });
        const rest = Keys.slice(4);
        const answer = (await pass(some)) as object;
        return { ...answer, UnprocessedKeys: rest.length > 0 ? { [table.tableName]: { ...options, Keys: rest } } : {} };
      }),
    );

    const { records } = await throttled.list({}, 9);

    expect(records).toEqual((await store.list({}, 9)).records);
    expect(batches).toBe(3);
  });

  it('gives up as STORE_UNAVAILABLE when nothing gets read', async () => {
    const store = storeWith(table.client);
    await store.createOnce(scanRecord('classified'));
    const stuck = storeWith(
      intercept(table.client, async (command, pass) =>
        command instanceof BatchGetCommand
          ? { Responses: {}, UnprocessedKeys: command.input.RequestItems }
          : pass(command),
      ),
    );

    const listing = stuck.list({}, 9);

    await expect(listing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it('gives up as STORE_UNAVAILABLE when a conditional write keeps losing to what is not there', async () => {
    const conflict = Object.assign(new Error('conflict'), { name: 'ConditionalCheckFailedException' });
    const losing = storeWith(
      intercept(table.client, async (command, pass) => {
        if (command instanceof PutCommand) throw conflict;
        return pass(command);
      }),
    );

    const creation = losing.createOnce(scanRecord('classified'));

    await expect(creation).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('a table that does not answer', () => {
  const methods = [
    ['get', (store: ReturnType<typeof storeWith>) => store.get('0'.repeat(32))],
    ['createOnce', (store: ReturnType<typeof storeWith>) => store.createOnce(scanRecord('classified'))],
    [
      'recordEvent',
      (store: ReturnType<typeof storeWith>) =>
        store.recordEvent({ ...scanRecord('failed'), sequencer: sequencerOf(1) }),
    ],
    ['list', (store: ReturnType<typeof storeWith>) => store.list({}, 10)],
    ['bury', (store: ReturnType<typeof storeWith>) => store.bury('0'.repeat(32))],
  ] as const;

  it.each(methods)('makes %s fail as STORE_UNAVAILABLE with the cause', async (_, call) => {
    const cause = new Error('connect ECONNREFUSED');
    const broken = storeWith(
      intercept(table.client, async () => {
        throw cause;
      }),
    );

    await expect(call(broken)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, cause });
  });

  it('is tried again by the SDK, and then given up', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = createTableClient({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

    const reading = storeWith(client).get('0'.repeat(32));

    await expect(reading).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(requests).toBe(4);
    client.destroy();
    server.close();
  });
});

describe('createTable', () => {
  it('is done when the table is there', async () => {
    const again = createTable(table.client, table.tableName);

    await expect(again).resolves.toBeUndefined();
  });

  it('lets callers at the same time find one table', async () => {
    const creations = Promise.all([1, 2, 3].map(() => createTable(table.client, 'shared-table')));

    await expect(creations).resolves.toHaveLength(3);
  });

  it('refuses a table that lacks an index', async () => {
    const lacking = intercept(table.client, async (command, pass) => {
      const answer = (await pass(command)) as { Table?: { GlobalSecondaryIndexes: { IndexName: string }[] } };
      answer.Table?.GlobalSecondaryIndexes.splice(1, 1);
      return answer;
    });

    const creation = createTable(lacking, table.tableName);

    await expect(creation).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('without'),
    });
  });
});
