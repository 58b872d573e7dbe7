import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createApiKey } from '../../lib/core/api-keys';
import { openLocalKeys, startLocalCloud } from '../../lib/local';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, makeFolders } from '../support/local-cloud';

describe('the keys of a local cloud', () => {
  let folders: Folders;
  beforeEach(async () => {
    folders = await makeFolders();
  });
  afterEach(() => folders.remove());

  const start = () => startLocalCloud({ ...folders, port: 0, modelFolder: '', model: createFakeModel() });
  const withKeys = async <T>(
    use: (keys: Awaited<ReturnType<typeof openLocalKeys>>['keys']) => Promise<T>,
  ): Promise<T> => {
    const { keys, close } = await openLocalKeys(folders.dataFolder);
    return use(keys).finally(close);
  };

  it('are reached while the server runs and while it does not; a revoked one ends at once', async () => {
    const cloud = await start();
    const made = await withKeys((keys) => createApiKey(keys, 'colleague', Date.now()));
    const accepted = await call({ url: cloud.url, apiKey: made.key }, '/v1/scans');
    await withKeys((keys) => keys.revoke(made.record.keyId, new Date().toISOString()));
    const refused = await call({ url: cloud.url, apiKey: made.key }, '/v1/scans');
    await cloud.stop();
    const names = await withKeys(async (keys) => (await keys.list()).map(({ name }) => name));

    expect([accepted.status, refused.status]).toEqual([200, 401]);
    expect(names).toEqual(['sulcus start', 'colleague']);
  });

  it('are replaced by a new one at the next start when the server’s own was revoked', async () => {
    const first = await start();
    await first.stop();
    await withKeys(async (keys) => {
      for (const { keyId } of await keys.list()) await keys.revoke(keyId, new Date().toISOString());
    });

    const second = await start();

    expect(second.apiKey).not.toBe(first.apiKey);
    expect((await call(second, '/v1/scans')).status).toBe(200);
    await second.stop();
  });

  // Windows keeps the profile's own access list instead.
  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('lie in files that others cannot read', async () => {
    const cloud = await start();

    const modes = [];
    for (const name of ['endpoint.json', 'api-key', 'upload-secret', 'table-endpoint.json']) {
      modes.push((await stat(path.join(folders.dataFolder, name))).mode & 0o077);
    }
    await cloud.stop();

    expect(modes).toEqual([0, 0, 0, 0]);
  });
});

describe('startLocalCloud', () => {
  let folders: Folders;
  beforeEach(async () => {
    folders = await makeFolders();
  });
  afterEach(() => folders.remove());

  it('says which port is in use, and leaves nothing behind that keeps the next start from working', async () => {
    const options = { ...folders, modelFolder: '', model: createFakeModel() };
    const first = await startLocalCloud({ ...options, port: 0 });
    const port = Number(new URL(first.url).port);
    const other = { ...options, dataFolder: `${folders.dataFolder}-2` };

    await expect(startLocalCloud({ ...other, port })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `expected a free port, received ${port}, which is in use`,
    });
    const second = await startLocalCloud({ ...other, port: 0 });

    await Promise.all([first.stop(), second.stop()]);
  });

  it('refuses a bundle that is not there', async () => {
    const start = startLocalCloud({ ...folders, port: 0, modelFolder: path.join(folders.dataFolder, 'none') });

    await expect(start).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });

  it('refuses a data folder inside the scan folder', async () => {
    const dataFolder = path.join(folders.scanFolder, 'data');

    await expect(
      startLocalCloud({ ...folders, dataFolder, port: 0, modelFolder: '', model: createFakeModel() }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
