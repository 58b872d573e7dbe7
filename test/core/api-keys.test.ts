import fc from 'fast-check';
import { authenticate, createApiKey, rotateApiKey } from '../../lib/core/api-keys';
import { sha256Hex } from '../../lib/core/scan-ids';
import { createMemoryApiKeyStore } from '../support/memory-stores';

const NOW = Date.UTC(2026, 10, 23);

describe('createApiKey', () => {
  it('answers a key of 256 bits and stores only its hash', async () => {
    const store = createMemoryApiKeyStore();

    const { key, record } = await createApiKey(store, 'clinic', NOW);

    const keyHash = await sha256Hex(key);
    expect(key).toMatch(/^sulcus_[A-Za-z0-9_-]{43}$/);
    expect(record).toEqual({
      keyId: keyHash.slice(0, 12),
      keyHash,
      name: 'clinic',
      createdAt: '2026-11-23T00:00:00.000Z',
      revokedAt: null,
      expiresAt: null,
      rate: null,
      quota: null,
    });
    expect(JSON.stringify(await store.list())).not.toContain(key);
  });

  it('never makes the same key twice', async () => {
    const store = createMemoryApiKeyStore();

    const made = await Promise.all(Array.from({ length: 100 }, () => createApiKey(store, 'many', NOW)));

    expect(new Set(made.map(({ key }) => key)).size).toBe(100);
  });

  it.each(['', '  ', 'n'.repeat(129)])('refuses %j as a name', async (name) => {
    const creation = createApiKey(createMemoryApiKeyStore(), name, NOW);

    await expect(creation).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('authenticate', () => {
  const keyed = async () => {
    const store = createMemoryApiKeyStore();
    return { store, ...(await createApiKey(store, 'clinic', NOW)) };
  };

  it.each([
    ['x-api-key', (key: string) => ({ apiKey: key })],
    ['Authorization: Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['authorization: bearer, oddly written', (key: string) => ({ authorization: ` bearer   ${key} ` })],
    ['x-api-key beside credentials of a proxy', (key: string) => ({ apiKey: key, authorization: 'Basic dTpw' })],
    ['x-api-key beside another bearer', (key: string) => ({ apiKey: key, authorization: 'Bearer hf_token' })],
    ['Authorization beside a blank x-api-key', (key: string) => ({ apiKey: ' ', authorization: `Bearer ${key}` })],
  ])('takes a key in %s', async (_, credentialsOf) => {
    const { store, key, record } = await keyed();

    const authenticated = await authenticate(store, credentialsOf(key), NOW);

    expect(authenticated).toEqual(record);
  });

  it('does not fall back to Authorization when x-api-key is wrong', async () => {
    const { store, key } = await keyed();

    const attempt = authenticate(store, { apiKey: `sulcus_${'A'.repeat(43)}`, authorization: `Bearer ${key}` }, NOW);

    await expect(attempt).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it.each([
    ['none', {}, 'received neither'],
    ['blank headers', { apiKey: '', authorization: ' ' }, 'received neither'],
    ['another scheme', { authorization: 'Basic dTpw' }, 'another kind'],
    ['a bearer without a key', { authorization: 'Bearer' }, 'another kind'],
    ['text of another shape', { apiKey: 'secret' }, '43 base64url characters'],
    ['a key with something behind it', { apiKey: `sulcus_${'A'.repeat(43)}\nx` }, '43 base64url characters'],
    ['an unknown key', { apiKey: `sulcus_${'A'.repeat(43)}` }, 'an unknown one'],
  ])('refuses %s and says what it expected', async (_, credentials, reason) => {
    const { store } = await keyed();

    const attempt = authenticate(store, credentials, NOW);

    await expect(attempt).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(new RegExp(`^expected an API key.*${reason}`)),
    });
  });

  it('refuses a revoked key', async () => {
    const { store, key, record } = await keyed();
    await store.revoke(record.keyId, '2026-12-01T00:00:00.000Z');

    const attempt = authenticate(store, { apiKey: key }, NOW);

    await expect(attempt).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('revoked'),
    });
  });

  it('refuses any other text without repeating it or asking the store', async () => {
    const { store } = await keyed();
    const find = jest.spyOn(store, 'find');
    const text = fc.string({ minLength: 8, unit: 'binary' }).filter((some) => some.trim().length >= 8);

    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (some, inAuthorization) => {
        const attempt = authenticate(store, inAuthorization ? { authorization: some } : { apiKey: some }, NOW);

        const error = await attempt.then(
          () => undefined,
          (thrown: Error & { code: string }) => thrown,
        );
        expect(error?.code).toBe('UNAUTHORIZED');
        expect(error?.message).not.toContain(some);
      }),
    );
    expect(find).not.toHaveBeenCalled();
  });

  it('lets a broken store through as such', async () => {
    const { store, key } = await keyed();
    const broken = Object.assign(new Error('down'), { code: 'STORE_UNAVAILABLE' });
    jest.spyOn(store, 'find').mockRejectedValue(broken);

    const attempt = authenticate(store, { apiKey: key }, NOW);

    await expect(attempt).rejects.toBe(broken);
  });
});

describe('rotateApiKey', () => {
  it('makes another secret of the same key; the one before works until the overlap ends', async () => {
    const store = createMemoryApiKeyStore();
    const limits = { rate: { count: 20, per: 'second' }, quota: 500 } as const;
    const { key: before, record } = await createApiKey(store, 'clinic', NOW, limits);

    const { key: after, earlierEndAt } = await rotateApiKey(store, record.keyId, 60_000, NOW);

    const ids = await Promise.all([before, after].map((apiKey) => authenticate(store, { apiKey }, NOW + 59_999)));
    expect(ids).toEqual([
      { ...record, expiresAt: '2026-11-23T00:01:00.000Z' },
      { ...record, keyHash: await sha256Hex(after) },
    ]);
    expect(earlierEndAt).toBe('2026-11-23T00:01:00.000Z');
    await expect(authenticate(store, { apiKey: before }, NOW + 60_000)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect((await authenticate(store, { apiKey: after }, NOW + 60_000)).keyId).toBe(record.keyId);
  });

  it('ends the secret before at once without an overlap', async () => {
    const store = createMemoryApiKeyStore();
    const { key, record } = await createApiKey(store, 'clinic', NOW);

    await rotateApiKey(store, record.keyId, 0, NOW);

    await expect(authenticate(store, { apiKey: key }, NOW)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('refuses a key that is unknown or revoked', async () => {
    const store = createMemoryApiKeyStore();
    const { record } = await createApiKey(store, 'clinic', NOW);
    await store.revoke(record.keyId, '2026-11-23T00:00:00.000Z');

    for (const keyId of [record.keyId, '0123456789ab']) {
      await expect(rotateApiKey(store, keyId, 0, NOW)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    }
  });
});
