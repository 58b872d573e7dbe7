import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysCommand } from '../../lib/cli/keys-command';
import { recordOutput } from '../support/output-recorder';

describe('sulcus keys on the data folder of a local cloud', () => {
  let dataDir: string;

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'sulcus-keys-'));
  });

  afterAll(() => rmSync(dataDir, { recursive: true }));

  const run = async (action: 'create' | 'list' | 'revoke', argument = '') => {
    const output = recordOutput();
    const exitCode = await keysCommand(action, argument, { dataDir, json: true }, output);
    return { exitCode, printed: output.lines.map((line) => JSON.parse(line)) };
  };

  test('a key is shown when it is made, listed without itself or its hash, and listed as revoked afterwards', async () => {
    const { printed: created } = await run('create', 'lab');
    const { keyId, key } = created[0];
    const { printed: listed } = await run('list');
    const { exitCode } = await run('revoke', keyId);
    const { printed: after } = await run('list');

    expect(key).toMatch(/^sulcus_[A-Za-z0-9_-]{43}$/);
    expect(listed).toEqual([{ keyId, name: 'lab', createdAt: expect.any(String), revokedAt: null }]);
    expect(exitCode).toBe(0);
    expect(after).toEqual([{ ...listed[0], revokedAt: expect.any(String) }]);
  });

  test('revoking a key that is not there is a usage error', async () => {
    await expect(run('revoke', '000000000000')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a data folder that is not there is a usage error', async () => {
    const failing = keysCommand('list', '', { dataDir: join(dataDir, 'none') }, recordOutput());

    await expect(failing).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
