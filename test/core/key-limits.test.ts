import { formatRate, keyContextSchema, parseRate, toKeyContext } from '../../lib/core/key-limits';

describe('a rate', () => {
  it.each([
    ['20', { count: 20, per: 'second' }],
    ['20/s', { count: 20, per: 'second' }],
    ['20/second', { count: 20, per: 'second' }],
    ['600/m', { count: 600, per: 'minute' }],
    ['600/min', { count: 600, per: 'minute' }],
    ['600/minute', { count: 600, per: 'minute' }],
    ['500/s', { count: 500, per: 'second' }],
    ['30000/m', { count: 30_000, per: 'minute' }],
  ] as const)('is read from %s', (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
    expect(parseRate(formatRate(rate))).toEqual(rate);
  });

  it.each(['', '0', '0/s', '-1', '1.5', '20/h', '20/', '/s', '20 /s', '501/s', '30001/m', '1e3', '20/constructor'])(
    'is none in %j',
    (text) => {
      expect(parseRate(text)).toBeUndefined();
    },
  );
});

describe('what the authorizer tells of a key', () => {
  it('comes back as it was, with and without limits', () => {
    const key = { keyId: 'k', rate: { count: 5, per: 'minute' }, quota: 1_000, expiresAt: '2026-01-31T12:00:00.000Z' };
    const free = { keyId: 'k', rate: null, quota: null, expiresAt: null };

    expect(keyContextSchema.parse(toKeyContext(key as Parameters<typeof toKeyContext>[0]))).toEqual({
      apiKeyId: 'k',
      limits: { rate: key.rate, quota: 1_000 },
      keyExpiresAt: key.expiresAt,
    });
    expect(keyContextSchema.parse(toKeyContext(free))).toEqual({
      apiKeyId: 'k',
      limits: { rate: null, quota: null },
      keyExpiresAt: null,
    });
  });

  it('is read beside what API Gateway adds, and of a route without a key', () => {
    const none = { apiKeyId: null, limits: { rate: null, quota: null }, keyExpiresAt: null };

    expect(keyContextSchema.parse({ apiKeyId: 'k', principalId: 'k', integrationLatency: 12 })).toMatchObject({
      apiKeyId: 'k',
    });
    expect(keyContextSchema.parse({})).toEqual(none);
  });

  it.each([{ rate: 'fast' }, { quota: 'many' }, { quota: '0' }, { keyExpiresAt: 'soon' }])(
    'is a failure, and not the absence of a limit, when it is %j',
    (context) => {
      expect(keyContextSchema.safeParse({ apiKeyId: 'k', ...context }).success).toBe(false);
    },
  );
});
