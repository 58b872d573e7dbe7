import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeysAction, type KeysOptions, keysCommand } from '../../lib/cli/keys-command';
import { usageCommand } from '../../lib/cli/usage-command';
import { recordOutput } from '../support/output-recorder';

describe('sulcus keys on the data folder of a local cloud', () => {
  let dataDir: string;

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sulcus-keys-'));
  });

  afterAll(() => rmSync(dataDir, { recursive: true }));

  const run = async (action: KeysAction, argument = '', options: Partial<KeysOptions> = {}) => {
    const output = recordOutput();
    const exitCode = await keysCommand(action, argument, { dataDir, json: true, ...options }, output);
    return { exitCode, printed: output.lines.map((line) => JSON.parse(line)) };
  };

  test('a key is shown when it is made, listed without itself or its hash, and listed as revoked afterwards', async () => {
    const { printed: created } = await run('create', 'lab');
    const { keyId, key } = created[0];
    const { printed: listed } = await run('list');
    const { exitCode } = await run('revoke', keyId);
    const { printed: after } = await run('list');

    expect(key).toMatch(/^sulcus_[A-Za-z0-9_-]{43}$/);
    expect(listed).toEqual([
      {
        keyId,
        name: 'lab',
        createdAt: expect.any(String),
        revokedAt: null,
        rate: null,
        quota: null,
        replacedUntil: null,
      },
    ]);
    expect(exitCode).toBe(0);
    expect(after).toEqual([{ ...listed[0], revokedAt: expect.any(String) }]);
  });

  test('a key keeps its limits when it is rotated, and its usage is listed under the same id', async () => {
    const limits = { rate: { count: 20, per: 'minute' }, quota: 500 } as const;
    const { printed: created } = await run('create', 'limited', limits);
    const { keyId } = created[0];
    const { printed: rotated } = await run('rotate', keyId, { overlap: 86_400_000 });
    const { printed: listed } = await run('list');
    const output = recordOutput();
    await usageCommand(keyId, { dataDir, json: true }, output);

    expect(created[0]).toMatchObject({ rate: '20/minute', quota: 500 });
    expect(rotated[0].key).toMatch(/^sulcus_[A-Za-z0-9_-]{43}$/);
    expect(rotated[0].key).not.toBe(created[0].key);
    expect(listed.find((entry) => entry.keyId === keyId)).toMatchObject({
      rate: '20/minute',
      quota: 500,
      replacedUntil: rotated[0].replacedUntil,
    });
    expect(output.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ apiKeyId: keyId, quota: expect.objectContaining({ limit: 500, used: 0 }) }),
    ]);
  });

  test('rotating a key that is not there is a usage error', async () => {
    await expect(run('rotate', '000000000000', { overlap: 0 })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('revoking a key that is not there is a usage error', async () => {
    await expect(run('revoke', '000000000000')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a data folder that is not there is a usage error', async () => {
    const failing = keysCommand('list', '', { dataDir: join(dataDir, 'none') }, recordOutput());

    await expect(failing).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
