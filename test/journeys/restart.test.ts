import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalCloud } from '../../lib/local';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Endpoint, type Folders, finalScans, listScans, makeFolders, until } from '../support/local-cloud';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

const REPOSITORY = path.join(__dirname, '../..');

describe('a server that ends and comes back', () => {
  let folders: Folders;
  let modelFolder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folders = await makeFolders();
    modelFolder = path.join(folders.dataFolder, '../model');
    await mkdir(folders.scanFolder, { recursive: true });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await folders.remove();
  });

  const spawnServer = (): ChildProcess => {
    const { dataFolder, scanFolder } = folders;
    const options = JSON.stringify({ port: 0, dataFolder, scanFolder, modelFolder });
    const args = ['--import', 'tsx', 'test/support/serve-local-cloud.ts', options];
    const child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    return child;
  };
  const endpointFile = () => path.join(folders.dataFolder, 'endpoint.json');
  const readEndpoint = async (): Promise<(Endpoint & { scanFolder: string }) | undefined> => {
    try {
      const endpoint = JSON.parse(await readFile(endpointFile(), 'utf8'));
      return (await fetch(`${endpoint.url}/v1/health`)).ok ? endpoint : undefined;
    } catch {
      return undefined;
    }
  };
  const ready = () => until(readEndpoint, 20_000);
  const exists = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );

  it('has every one of 100 files once, killed twice in the middle', async () => {
    await writeTinyBundle(modelFolder);
    let server = spawnServer();
    await ready();
    for (let index = 0; index < 100; index += 1) {
      await writeFile(path.join(folders.scanFolder, `scan ${index}.png`), tinyScan(index));
    }
    const counts: number[] = [];
    for (const enough of [10, 40]) {
      const endpoint = await ready();
      const done = await until(async () => {
        const { length } = await listScans(endpoint);
        return length >= enough && length;
      });
      counts.push(done);
      server.kill('SIGKILL');
      await once(server, 'exit');
      server = spawnServer();
    }
    const endpoint = await ready();

    const scans = await finalScans(endpoint, 100, 20_000);
    await sleep(500);

    expect(Math.max(...counts)).toBeLessThan(100);
    expect(await listScans(endpoint)).toHaveLength(100);
    expect(new Set(scans.map(({ source }) => source.key)).size).toBe(100);
    expect(scans.every(({ state }) => state === 'classified')).toBe(true);
  }, 60_000);

  // Windows has no SIGTERM to catch.
  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix(
    'keeps results, tombstones and key; SIGTERM ends it within five seconds',
    async () => {
      await writeTinyBundle(modelFolder);
      const first = spawnServer();
      const before = await ready();
      await writeFile(path.join(folders.scanFolder, 'kept.png'), tinyScan(1));
      await writeFile(path.join(folders.scanFolder, 'deleted.png'), tinyScan(2));
      const scans = await finalScans(before, 2);
      const deleted = scans.find(({ source }) => source.key === 'deleted.png');
      await call(before, `/v1/scans/${deleted?.scanId}`, { method: 'DELETE' });
      const idle = await fetch(`${before.url}/v1/health`, { headers: { connection: 'keep-alive' } });
      await idle.text();

      const start = Date.now();
      first.kill('SIGTERM');
      const [code] = await once(first, 'exit');
      const stopMs = Date.now() - start;
      const left = await exists(endpointFile());
      spawnServer();
      const after = await ready();
      await sleep(1000);

      expect([code, left]).toEqual([0, false]);
      expect(stopMs).toBeLessThan(5_000);
      expect([after.apiKey, after.scanFolder]).toEqual([before.apiKey, folders.scanFolder]);
      expect(await listScans(after)).toEqual(scans.filter(({ source }) => source.key === 'kept.png'));
    },
    40_000,
  );

  it('refuses a second server on the same data folder, and leaves the first alone', async () => {
    const cloud = await startLocalCloud({ ...folders, port: 0, modelFolder, model: createFakeModel() });
    await writeTinyBundle(modelFolder);
    const second = spawnServer();
    let message = '';
    second.stderr?.on('data', (data) => {
      message += data;
    });

    const [code] = await once(second, 'exit');

    expect(code).toBe(1);
    expect(message).toContain('another running Sulcus');
    expect(await readEndpoint()).toMatchObject({ url: cloud.url, apiKey: cloud.apiKey });
    await cloud.stop();
  }, 30_000);
});
