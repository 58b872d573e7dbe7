import type { ApiKeyRecord, ApiKeyStore } from '../../lib/core/ports';
import { sha256Hex } from '../../lib/core/scan-ids';

export interface OpenApiKeyStore {
  readonly store: ApiKeyStore;
  close(): Promise<void>;
}

const keyRecord = async (name: string, createdAt: string): Promise<ApiKeyRecord> => {
  const keyHash = await sha256Hex(crypto.randomUUID());
  return {
    keyId: keyHash.slice(0, 12),
    keyHash,
    name,
    createdAt,
    revokedAt: null,
    expiresAt: null,
    rate: null,
    quota: null,
  };
};

/** What every ApiKeyStore promises. */
export const describeApiKeyStore = (name: string, open: () => Promise<OpenApiKeyStore>): void => {
  describe(`${name} as an ApiKeyStore`, () => {
    let opened: OpenApiKeyStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('finds a key by its hash, and nothing by another', async () => {
      const record = await keyRecord('clinic', '2026-01-01T00:00:00.000Z');

      await opened.store.create(record);

      expect(await opened.store.find(record.keyHash)).toEqual(record);
      expect(await opened.store.find('0'.repeat(64))).toBeUndefined();
    });

    it('finds nothing by a hash that shares only the public id', async () => {
      const record = await keyRecord('clinic', '2026-01-01T00:00:00.000Z');
      await opened.store.create(record);

      const found = await opened.store.find(record.keyId.padEnd(64, '0'));

      expect(found).toBeUndefined();
    });

    it('refuses another key with the same public id', async () => {
      const record = await keyRecord('first', '2026-01-01T00:00:00.000Z');
      await opened.store.create(record);

      const second = opened.store.create({ ...record, keyHash: record.keyId.padEnd(64, '0'), name: 'second' });

      await expect(second).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await opened.store.find(record.keyHash)).toEqual(record);
    });

    it('takes the same key twice, and does not bring a revoked one back by it', async () => {
      const record = await keyRecord('twice', '2026-01-01T00:00:00.000Z');
      await opened.store.create(record);
      await opened.store.revoke(record.keyId, '2026-01-02T00:00:00.000Z');

      await opened.store.create(record);

      expect(await opened.store.find(record.keyHash)).toEqual({ ...record, revokedAt: '2026-01-02T00:00:00.000Z' });
    });

    it('keeps the first date when a key is revoked twice', async () => {
      const record = await keyRecord('leaver', '2026-01-01T00:00:00.000Z');
      await opened.store.create(record);

      const first = await opened.store.revoke(record.keyId, '2026-02-01T00:00:00.000Z');
      const second = await opened.store.revoke(record.keyId, '2026-03-01T00:00:00.000Z');

      expect([first, second]).toEqual([true, true]);
      expect((await opened.store.find(record.keyHash))?.revokedAt).toBe('2026-02-01T00:00:00.000Z');
    });

    it('answers false when there is no key to revoke, and makes none', async () => {
      const revoked = await opened.store.revoke('0123456789ab', '2026-02-01T00:00:00.000Z');

      expect(revoked).toBe(false);
      expect((await opened.store.list()).map(({ keyId }) => keyId)).not.toContain('0123456789ab');
    });
  });

  describe(`${name} rotating API keys`, () => {
    let opened: OpenApiKeyStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    const limits = { rate: { count: 20, per: 'minute' }, quota: 500 } as const;
    const makeKey = async (): Promise<ApiKeyRecord> => {
      const record = { ...(await keyRecord('clinic', '2026-01-01T00:00:00.000Z')), ...limits };
      await opened.store.create(record);
      return record;
    };
    const rotationOf = async (earlierEndAt: string) => ({
      keyHash: await sha256Hex(crypto.randomUUID()),
      rotatedAt: '2026-02-01T00:00:00.000Z',
      earlierEndAt,
    });

    it('keeps what a key may use', async () => {
      const record = await makeKey();

      expect(await opened.store.find(record.keyHash)).toEqual(record);
      expect(await opened.store.get(record.keyId)).toEqual(record);
      expect(await opened.store.get('0123456789ab')).toBeUndefined();
    });

    it('finds the key by both secrets, the earlier one with its end', async () => {
      const record = await makeKey();
      const rotation = await rotationOf('2026-02-08T00:00:00.000Z');

      const rotated = await opened.store.rotate(record.keyId, rotation);

      expect(rotated).toBe(true);
      expect(await opened.store.find(record.keyHash)).toEqual({ ...record, expiresAt: '2026-02-08T00:00:00.000Z' });
      expect(await opened.store.find(rotation.keyHash)).toEqual({ ...record, keyHash: rotation.keyHash });
    });

    it('brings no end forward that is nearer already, and every other', async () => {
      const record = await makeKey();
      const first = await rotationOf('2026-02-08T00:00:00.000Z');
      const second = await rotationOf('2026-02-20T00:00:00.000Z');
      const third = await rotationOf('2026-02-10T00:00:00.000Z');

      for (const rotation of [first, second, third]) await opened.store.rotate(record.keyId, rotation);

      const ends = await Promise.all(
        [record, first, second, third].map(async ({ keyHash }) => (await opened.store.find(keyHash))?.expiresAt),
      );
      expect(ends).toEqual(['2026-02-08T00:00:00.000Z', '2026-02-10T00:00:00.000Z', '2026-02-10T00:00:00.000Z', null]);
    });

    it('leaves one key in a list, with the end of the secret replaced last', async () => {
      const record = await makeKey();
      await opened.store.rotate(record.keyId, await rotationOf('2026-02-08T00:00:00.000Z'));

      const listed = (await opened.store.list()).filter(({ keyId }) => keyId === record.keyId);

      expect(listed).toEqual([{ ...record, expiresAt: '2026-02-08T00:00:00.000Z' }]);
    });

    it('keeps all secrets of rotations that happen at once', async () => {
      const record = await makeKey();
      const rotations = await Promise.all([1, 2, 3].map(() => rotationOf('2026-02-08T00:00:00.000Z')));

      const rotated = await Promise.all(rotations.map((rotation) => opened.store.rotate(record.keyId, rotation)));

      const found = await Promise.all(rotations.map(({ keyHash }) => opened.store.find(keyHash)));
      expect(rotated).toEqual([true, true, true]);
      expect(found.map((entry) => entry?.keyId)).toEqual([record.keyId, record.keyId, record.keyId]);
      expect(found.filter((entry) => entry?.expiresAt === null)).toHaveLength(1);
    });

    it('ends every secret when the key is revoked, and gives a revoked or unknown one no other', async () => {
      const record = await makeKey();
      const rotation = await rotationOf('2026-02-08T00:00:00.000Z');
      await opened.store.rotate(record.keyId, rotation);

      await opened.store.revoke(record.keyId, '2026-02-02T00:00:00.000Z');

      const found = await Promise.all([record.keyHash, rotation.keyHash].map((hash) => opened.store.find(hash)));
      expect(found.map((entry) => entry?.revokedAt)).toEqual(['2026-02-02T00:00:00.000Z', '2026-02-02T00:00:00.000Z']);
      expect(await opened.store.rotate(record.keyId, await rotationOf('2026-02-08T00:00:00.000Z'))).toBe(false);
      expect(await opened.store.rotate('0123456789ab', rotation)).toBe(false);
    });

    it('takes the id of a later secret for no key', async () => {
      const record = await makeKey();
      const rotation = await rotationOf('2026-02-08T00:00:00.000Z');
      await opened.store.rotate(record.keyId, rotation);
      const secretId = rotation.keyHash.slice(0, 12);

      const revoked = await opened.store.revoke(secretId, '2026-02-02T00:00:00.000Z');

      expect(revoked).toBe(false);
      expect(await opened.store.get(secretId)).toBeUndefined();
      expect((await opened.store.find(record.keyHash))?.revokedAt).toBeNull();
    });
  });

  describe(`${name} listing API keys`, () => {
    it('gives all of them oldest first, revoked ones included', async () => {
      const { store, close } = await open();
      const records = await Promise.all(
        Array.from({ length: 130 }, (_, index) =>
          keyRecord(`key ${index}`, new Date(Date.UTC(2026, 0, 1 + ((index * 37) % 130))).toISOString()),
        ),
      );
      for (const record of records) await store.create(record);
      const revoked = records[5] as ApiKeyRecord;
      await store.revoke(revoked.keyId, '2026-12-01T00:00:00.000Z');

      const listed = await store.list();

      const expected = records
        .map((record) => (record === revoked ? { ...record, revokedAt: '2026-12-01T00:00:00.000Z' } : record))
        .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      expect(listed).toEqual(expected);
      await close();
    });
  });
};
