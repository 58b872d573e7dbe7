import { usageReportSchema } from '../../../lib/core/contract';
import type { Rate } from '../../../lib/core/key-limits';
import { createApiUnderTest, expectError, image, jsonOf, otherImage } from './api-under-test';

const BROKEN = Buffer.from('no picture at all');

const limited = (limits: { rate?: Rate; quota?: number }) => {
  const api = createApiUnderTest();
  api.caller.limits = { rate: limits.rate ?? null, quota: limits.quota ?? null };
  const post = (path: string, body: Buffer | string = image, headers: Record<string, string> = {}) =>
    api.app.request(path, { method: 'POST', headers: { 'content-type': 'image/png', ...headers }, body });
  const usage = async () => usageReportSchema.parse(await jsonOf(await api.app.request('/v1/usage')));
  return { ...api, post, usage };
};

describe('a quota', () => {
  it('lets no more scans through than it has, of 200 that come at once', async () => {
    const { post, usage } = limited({ quota: 20 });

    const answers = await Promise.all(Array.from({ length: 200 }, () => post('/v1/classify')));

    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(180);
    expect((await usage()).totals.scans).toBe(20);
  });

  it('says in Retry-After how long the month still lasts', async () => {
    const { post } = limited({ quota: 1 });
    await post('/v1/classify');

    const refused = await post('/v1/classify');

    // The clock of this API stands on 31 January, some seconds after noon.
    const message = await expectError(refused, 429, 'QUOTA_EXCEEDED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(43_000);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(43_200);
    expect(message).toBe('expected at most 1 scans a month with this key, received more');
  });

  it('is one for every way to run the model, and for announcements', async () => {
    const { post } = limited({ quota: 4 });

    const ways = ['/v1/classify?store=false', '/v1/features', '/models/tiny', '/v1/classify'];
    const served = [];
    for (const way of ways) served.push((await post(way)).status);
    const announced = await post('/v1/scans', '', { 'content-type': 'application/json' });
    const refused = [];
    for (const way of ways) refused.push((await post(way)).status);

    expect(served).toEqual([200, 200, 200, 200]);
    expect(announced.status).toBe(429);
    expect(refused).toEqual([429, 429, 429, 429]);
  });

  it('is not used by files that are refused, which are counted as rejected', async () => {
    const { post, usage } = limited({ quota: 1 });

    const broken = [];
    for (let index = 0; index < 3; index += 1) broken.push((await post('/v1/classify', BROKEN)).status);
    const served = await post('/v1/classify');

    expect(broken).toEqual([415, 415, 415]);
    expect(served.status).toBe(200);
    expect(await usage()).toMatchObject({ totals: { scans: 1, rejected: 3, bytes: image.length }, quota: { used: 1 } });
  });

  it('is not used by a request that is repeated, which is answered even when nothing is left', async () => {
    const { post, usage } = limited({ quota: 1 });
    const key = { 'idempotency-key': 'same' };

    const first = await jsonOf(await post('/v1/classify', image, key));
    const again = await jsonOf(await post('/v1/classify', image, key));
    const another = await post('/v1/classify', otherImage, { 'idempotency-key': 'another' });

    expect(again.scanId).toBe(first.scanId);
    expect(another.status).toBe(429);
    expect((await usage()).totals.scans).toBe(1);
  });

  it('counts concurrent requests of one Idempotency-Key as one scan', async () => {
    const { post, usage } = limited({ quota: 10 });

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/v1/classify', image, { 'idempotency-key': 'same' })),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await usage()).toMatchObject({ totals: { scans: 1 }, quota: { used: 1 } });
  });

  it('is taken once by an announcement that is repeated', async () => {
    const { post, usage } = limited({ quota: 1 });
    const announce = (key: string) =>
      post('/v1/scans', '{}', { 'content-type': 'application/json', 'idempotency-key': key });

    const first = await announce('one');
    const again = await announce('one');
    const another = await announce('two');

    expect([first.status, again.status, another.status]).toEqual([201, 201, 429]);
    expect((await usage()).quota).toMatchObject({ limit: 1, used: 1, resetsAt: '2026-02-01T00:00:00.000Z' });
  });
});

describe('a rate', () => {
  it('refuses what is over it in one window, with the seconds until the next', async () => {
    const api = limited({ rate: { count: 3, per: 'minute' } });

    const answers = [];
    for (let index = 0; index < 5; index += 1) answers.push(await api.post('/v1/classify?store=false'));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('opens again in the next window', async () => {
    let time = Date.parse('2026-01-31T12:00:30.000Z');
    const { meter } = createApiUnderTest();
    const api = createApiUnderTest({ meter: { ...meter, now: () => time } });
    api.caller.limits = { rate: { count: 1, per: 'second' }, quota: null };

    const statuses = [];
    for (const step of [0, 999, 1]) {
      time += step;
      statuses.push((await api.classify()).status);
    }

    expect(statuses).toEqual([200, 429, 200]);
  });

  it('leaves reading alone', async () => {
    const { post, app } = limited({ rate: { count: 1, per: 'minute' } });
    await post('/v1/classify');
    await post('/v1/classify');

    const reads = await Promise.all(['/v1/usage', '/v1/scans', '/v1/model'].map((path) => app.request(path)));

    expect(reads.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe('GET /v1/usage', () => {
  it('has scans, bytes, compute time and estimated cost by day and in all, of the key that asks', async () => {
    const { post, usage, app, caller } = limited({});
    await post('/v1/classify');
    await post('/v1/features', otherImage);

    const report = await usage();

    const amounts = {
      scans: 2,
      rejected: 0,
      bytes: image.length + otherImage.length,
      computeMs: expect.any(Number),
      estimatedCostUsd: expect.any(Number),
    };
    expect(report).toEqual({
      apiKeyId: 'key-1',
      from: '2026-01-01',
      to: '2026-01-31',
      days: [{ day: '2026-01-31', ...amounts }],
      totals: amounts,
      rate: null,
      quota: null,
      prices: { date: expect.any(String), region: 'us-east-1' },
    });
    expect(report.totals.computeMs).toBeGreaterThan(0);
    // A request of API Gateway alone is 3.5e-6.
    expect(report.totals.estimatedCostUsd).toBeGreaterThan(7e-6);
    expect(report.totals.estimatedCostUsd).toBeLessThan(1e-3);
    caller.apiKeyId = 'key-2';
    expect(await jsonOf(await app.request('/v1/usage'))).toMatchObject({ apiKeyId: 'key-2', days: [] });
  });

  it('has only the days asked for', async () => {
    const { post, app } = limited({});
    await post('/v1/classify');

    const before = await jsonOf(await app.request('/v1/usage?from=2026-01-01&to=2026-01-30'));
    const on = await jsonOf(await app.request('/v1/usage?from=2026-01-31&to=2026-01-31'));

    expect(before).toMatchObject({ days: [], totals: { scans: 0 } });
    expect(on).toMatchObject({ days: [{ day: '2026-01-31', scans: 1 }] });
  });

  it.each(['?from=2026-02-01&to=2026-01-01', '?from=yesterday', '?from=2024-01-01&to=2026-01-01', '?day=2026-01-01'])(
    'refuses %s',
    async (query) => {
      const { app } = limited({});

      await expectError(await app.request(`/v1/usage${query}`), 400, 'INVALID_REQUEST');
    },
  );
});

describe('a counter that fails', () => {
  it('leaves the answer as it is and says in the log what is missing', async () => {
    const { meter, lines } = createApiUnderTest();
    const usage = { ...meter.usage, add: () => Promise.reject(new Error('throttled')) };
    const { classify } = createApiUnderTest({ meter: { ...meter, usage } });

    const answer = await classify();

    const { scanId } = await jsonOf(answer);
    expect(answer.status).toBe(200);
    expect(lines).toEqual([
      expect.objectContaining({
        message: 'usage not counted',
        fields: expect.objectContaining({ apiKeyId: 'key-1', scanId, scans: 1, bytes: image.length }),
      }),
    ]);
  });
});

describe('a key that ended since the authorizer allowed it', () => {
  it('is refused from its end on', async () => {
    const { app, caller } = createApiUnderTest();
    caller.keyExpiresAt = '2026-01-31T12:00:03.000Z';

    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await app.request('/v1/model')).status);

    expect(statuses).toEqual([200, 200, 401, 401]);
  });
});
