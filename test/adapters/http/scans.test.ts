import { announcedScanSchema, scanListSchema } from '../../../lib/core/contract';
import { SulcusError } from '../../../lib/core/errors';
import { createMemoryScanStore } from '../../support/memory-stores';
import { scanRecord } from '../../support/scan-records';
import { createApiUnderTest, expectError, jsonOf } from './api-under-test';

const UNKNOWN_ID = '0'.repeat(32);

describe('POST /v1/scans', () => {
  it('answers where to put the file and keeps a pending scan', async () => {
    const { app, results } = createApiUnderTest();

    const response = await app.request('/v1/scans', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ contentType: 'image/tiff' }),
    });

    const ticket = announcedScanSchema.parse(await response.json());
    expect(response.status).toBe(201);
    expect(ticket).toMatchObject({ method: 'PUT', headers: { 'content-type': 'image/tiff' } });
    expect(results.entries()).toEqual([
      expect.objectContaining({
        scanId: ticket.scanId,
        state: 'pending',
        apiKeyId: 'key-1',
        source: { kind: 'upload', bucket: 'test-bucket', key: `uploads/${ticket.scanId}`, versionId: null },
        requestHash: null,
      }),
    ]);
  });

  it('needs no body', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/scans', { method: 'POST' });

    expect(await jsonOf(response)).toMatchObject({ headers: { 'content-type': 'application/octet-stream' } });
  });

  it.each([
    ['no media type', 'application/json', '{"contentType":"png"}', 'a media type such as image/png'],
    ['a line break', 'application/json', '{"contentType":"image/png\\r\\nx: y"}', 'a media type such as image/png'],
    ['a number', 'application/json', '{"contentType":1}', 'for contentType, received 1'],
    ['broken JSON', 'application/json', '{', 'expected a JSON body'],
    ['the image itself', 'image/png', 'PNG', 'expected application/json with { "contentType" }'],
  ])('refuses %s with 400', async (_, contentType, body, expected) => {
    const { app, results } = createApiUnderTest();

    const response = await app.request('/v1/scans', {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    });

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain(expected);
    expect(results.entries()).toEqual([]);
  });

  it('refuses an announcement that carries the image with 413', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/scans', { method: 'POST', body: Buffer.alloc(20_000) });

    await expectError(response, 413, 'IMAGE_TOO_LARGE');
  });

  it('keeps no pending scan when no upload URL can be made', async () => {
    const scans = {
      ...createMemoryScanStore(),
      createUpload: async () => {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected S3, received nothing');
      },
    };
    const { app, results } = createApiUnderTest({ scans });

    const response = await app.request('/v1/scans', { method: 'POST' });

    await expectError(response, 503, 'STORE_UNAVAILABLE');
    expect(results.entries()).toEqual([]);
  });
});

describe('GET /v1/scans/{scanId}', () => {
  it('answers a scan without what only the store needs', async () => {
    const { app, results } = createApiUnderTest();
    const record = scanRecord('rejected', { requestHash: 'hash', sequencer: null });
    await results.createOnce(record);

    const body = await jsonOf(await app.request(`/v1/scans/${record.scanId}`));

    expect(body).toMatchObject({ scanId: record.scanId, state: 'rejected', error: { code: 'UNREADABLE_IMAGE' } });
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['requestHash']));
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['sequencer']));
  });

  it.each([
    ['an unknown id', UNKNOWN_ID],
    ['no id at all', 'not-an-id'],
    ['broken percent-encoding', '%E0%A4%A'],
    ['an encoded slash', '..%2f..%2fetc'],
    ['a zero byte', '%00'],
  ])('answers 404 for %s', async (_, scanId) => {
    const { app } = createApiUnderTest();

    const response = await app.request(`/v1/scans/${scanId}`);

    await expectError(response, 404, 'SCAN_NOT_FOUND');
  });
});

describe('GET /v1/scans', () => {
  const withScans = async (count: number) => {
    const api = createApiUnderTest();
    for (let index = 0; index < count; index += 1) {
      await api.results.createOnce(
        scanRecord(index % 2 === 0 ? 'classified' : 'pending', {
          createdAt: `2026-01-${String(index + 1).padStart(2, '0')}T12:00:00.000Z`,
        }),
      );
    }
    return api;
  };

  it('pages through all scans, newest first, each once', async () => {
    const { app } = await withScans(5);
    const dates: string[] = [];
    let cursor: string | null = '';

    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = scanListSchema.parse(await (await app.request(`/v1/scans?limit=2${query}`)).json());
      dates.push(...page.items.map(({ createdAt }) => createdAt.slice(8, 10)));
      cursor = page.nextCursor;
    }

    expect(dates).toEqual(['05', '04', '03', '02', '01']);
  });

  it.each([
    ['state=pending', ['04', '02']],
    ['label=glioma&from=2026-01-02', ['05', '03']],
    ['from=2026-01-02&to=2026-01-03', ['03', '02']],
    ['from=2026-01-02T12:00:00%2B00:00&to=2026-01-02T13:00:00%2B01:00', ['02']],
    ['key=incoming%2Fslice%201.png&limit=1', ['05']],
    ['key=incoming/slice+1.png&limit=1', ['05']],
    ['key=other.png', []],
  ])('filters by %s', async (query, days) => {
    const { app } = await withScans(5);

    const page = scanListSchema.parse(await (await app.request(`/v1/scans?${query}`)).json());

    expect(page.items.map(({ createdAt }) => createdAt.slice(8, 10))).toEqual(days);
  });

  it.each([
    ['limit=0', 'for limit, received "0"'],
    ['limit=101', 'for limit, received "101"'],
    ['limit=-1', 'expected a whole number from 1 to 100'],
    ['limit=1.5', 'expected a whole number from 1 to 100'],
    ['limit=ten', 'expected a whole number from 1 to 100'],
    ['limit=', 'expected a whole number from 1 to 100'],
    ['limit=1&limit=2', 'received an array of 2'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=', 'for cursor'],
    ['from=yesterday', 'ISO 8601'],
    ['from=2026-02-30', 'ISO 8601'],
    ['to=2026-01-01T00:00:00', 'ISO 8601'],
    ['from=2026-01-02&to=2026-01-01', 'expected from to be at or before to'],
    ['state=done', 'for state, received "done"'],
    ['label=', 'for label'],
    ['label=a%00b', 'without control characters'],
    ['label=a%C2%85b', 'without control characters'],
    ['key=a%0Ab', 'without control characters'],
    ['labl=glioma', 'no unknown query parameter, received "labl"'],
    ['__proto__=1', 'no unknown query parameter, received "__proto__"'],
  ])('refuses %s with 400', async (query, expected) => {
    const { app } = createApiUnderTest();

    const response = await app.request(`/v1/scans?${query}`);

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain(expected);
  });

  it('names every parameter that is wrong and prints no control character', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/scans?limit=0&state=%1B%5B31m&label=%C2%9B');

    const message = await expectError(response, 400, 'INVALID_REQUEST');
    expect(message).toContain('for limit');
    expect(message).toContain('"\\u001b[31m"');
    expect(message).toContain('"\\u009b"');
  });
});

describe('DELETE /v1/scans/{scanId}', () => {
  it('removes the result and the announced object', async () => {
    const { app, results, scans } = createApiUnderTest();
    const { scanId } = await jsonOf(await app.request('/v1/scans', { method: 'POST' }));
    scans.put('test-bucket', `uploads/${scanId}`, Uint8Array.of(1));

    const response = await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });

    expect({ status: response.status, body: await response.text() }).toEqual({ status: 204, body: '' });
    expect(scans.has('test-bucket', `uploads/${scanId}`)).toBe(false);
    expect(results.entries()).toEqual([{ scanId, deleted: true }]);
    await expectError(await app.request(`/v1/scans/${scanId}`), 404, 'SCAN_NOT_FOUND');
    expect(await jsonOf(await app.request('/v1/scans'))).toEqual({ items: [], nextCursor: null });
  });

  it('leaves the object of others alone', async () => {
    const { app, results, scans } = createApiUnderTest();
    const record = scanRecord('classified');
    scans.put('scans', 'incoming/slice 1.png', Uint8Array.of(1));
    await results.createOnce(record);

    const response = await app.request(`/v1/scans/${record.scanId}`, { method: 'DELETE' });

    expect(response.status).toBe(204);
    expect(scans.has('scans', 'incoming/slice 1.png')).toBe(true);
  });

  it('keeps the result when the object cannot be removed', async () => {
    const scans = {
      ...createMemoryScanStore(),
      remove: async () => {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected S3, received nothing');
      },
    };
    const { app } = createApiUnderTest({ scans });
    const { scanId } = await jsonOf(await app.request('/v1/scans', { method: 'POST' }));

    const response = await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });

    await expectError(response, 503, 'STORE_UNAVAILABLE');
    expect((await app.request(`/v1/scans/${scanId}`)).status).toBe(200);
  });

  it.each([
    ['an unknown scan', UNKNOWN_ID],
    ['no id at all', 'nope'],
  ])('answers 404 for %s', async (_, scanId) => {
    const { app } = createApiUnderTest();

    const response = await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });

    await expectError(response, 404, 'SCAN_NOT_FOUND');
  });

  it('answers 404 the second time', async () => {
    const { app, classify } = createApiUnderTest();
    const { scanId } = await jsonOf(await classify());

    await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });
    const response = await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });

    await expectError(response, 404, 'SCAN_NOT_FOUND');
  });
});
