import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BackfillReport } from '../../lib/core/backfill-report';
import { backfillFolder } from '../../lib/local';
import { createFakeModel } from '../support/fake-classifier';
import { type Folders, finalScans, listScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { createLogRecorder } from '../support/log-recorder';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

const REPOSITORY = path.join(__dirname, '../..');

const otherModel = () => {
  const model = createFakeModel();
  return { ...model, manifest: { ...model.manifest, version: '2', digest: `sha256:${'2'.repeat(64)}` } };
};

describe('sulcus backfill of a folder', () => {
  let folders: Folders;
  beforeEach(async () => {
    folders = await makeFolders();
    await mkdir(path.join(folders.scanFolder, 'sub folder'), { recursive: true });
  });
  afterEach(() => folders.remove());

  const write = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const name = index % 2 === 0 ? `${index}.png` : `sub folder/${index}.png`;
      await writeFile(path.join(folders.scanFolder, name), tinyScan(index));
    }
  };
  const backfill = (given: Partial<Parameters<typeof backfillFolder>[0]> = {}): Promise<BackfillReport> =>
    backfillFolder({
      dataFolder: folders.dataFolder,
      scanFolder: folders.scanFolder,
      modelFolder: '/nowhere',
      model: createFakeModel(),
      concurrency: 2,
      dryRun: false,
      logger: createLogRecorder(),
      ...given,
    });
  const start = () => startTestCloud({ ...folders, model: createFakeModel() });

  it('leaves nothing to do for a second run, nor for the server that starts afterwards', async () => {
    await write(6);
    await writeFile(path.join(folders.scanFolder, 'broken.png'), 'no image at all, but whole in its way');
    const old = new Date(Date.now() - 60_000);
    await utimes(path.join(folders.scanFolder, 'broken.png'), old, old);

    const first = await backfill();
    const second = await backfill();
    const cloud = await start();
    const scans = await finalScans(cloud, 7);
    await writeFile(path.join(folders.scanFolder, 'later.png'), tinyScan(99));
    await finalScans(cloud, 8);
    const after = await listScans(cloud);
    await cloud.stop();

    expect(first.outcomes).toMatchObject({ classified: 6, rejected: 1, failed: 0 });
    expect(first.failures).toEqual([{ key: 'broken.png', outcome: 'rejected', code: 'UNSUPPORTED_IMAGE' }]);
    expect(second.outcomes).toMatchObject({ classified: 0, rejected: 0, kept: 7 });
    expect(second.states).toEqual({ classified: 6, rejected: 1 });
    // What the server lists is what the backfill wrote: nothing was classified again.
    expect(after.filter(({ source }) => source.key !== 'later.png')).toEqual(scans);
  });

  it('does nothing more where the server was first, and gives its results the new model when there is one', async () => {
    await write(4);
    const cloud = await start();
    await finalScans(cloud, 4);
    await cloud.stop();

    const same = await backfill();
    const dry = await backfill({ model: otherModel(), dryRun: true });
    const newer = await backfill({ model: otherModel() });
    const again = await backfill({ model: otherModel() });

    expect(same.outcomes).toMatchObject({ kept: 4, classified: 0 });
    expect(dry.outcomes).toMatchObject({ due: 4, classified: 0 });
    expect(newer.outcomes).toMatchObject({ classified: 4 });
    expect(again.outcomes).toMatchObject({ kept: 4, classified: 0 });
  });

  it('works on the table of a running server, each scan once whoever is first', async () => {
    const elsewhere = path.join(folders.scanFolder, '../elsewhere');
    await write(10);
    await rename(folders.scanFolder, elsewhere);
    const cloud = await start();

    const reports = await Promise.all([backfill({ scanFolder: elsewhere }), backfill({ scanFolder: elsewhere })]);
    const scans = await listScans(cloud);
    await cloud.stop();

    expect(reports.map(({ scans: looked }) => looked)).toEqual([10, 10]);
    expect(reports.reduce((sum, { outcomes }) => sum + outcomes.classified, 0)).toBe(10);
    expect(scans).toHaveLength(10);
  });

  it('looks at so many only, and writes results beside scans where asked to', async () => {
    await write(3);

    const report = await backfill({ limit: 2, resultObjects: true });

    expect([report.scans, report.outcomes.classified]).toEqual([2, 2]);
    const written = JSON.parse(await readFile(path.join(folders.scanFolder, '0.png.sulcus.json'), 'utf8'));
    expect(written.state).toBe('classified');
    expect((await backfill()).scans).toBe(3);
  });

  it('refuses a folder that is not there, and makes none', async () => {
    await expect(backfill({ scanFolder: '/nowhere/at/all' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('npx sulcus backfill', () => {
  let folders: Folders;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    folders = await makeFolders();
    await mkdir(folders.scanFolder, { recursive: true });
  });
  afterEach(async () => {
    if (child?.exitCode === null) child.kill('SIGKILL');
    await folders.remove();
  });

  it('goes on where a killed run was, and reports as JSON', async () => {
    const modelFolder = path.join(folders.dataFolder, '../model');
    await writeTinyBundle(modelFolder);
    const count = 150;
    for (let index = 0; index < count; index += 1) {
      await writeFile(path.join(folders.scanFolder, `private name ${index}.png`), tinyScan(index));
    }
    const command = ['bin/sulcus.js', 'backfill', folders.scanFolder, '--data-dir', folders.dataFolder];
    const args = [...command, '--model', modelFolder, '--result-objects', '--json'];

    child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: 'ignore' });
    const exited = once(child, 'exit');
    // Results beside scans show from outside that some are done.
    const results = () => spawnSync('ls', [folders.scanFolder], { encoding: 'utf8' }).stdout.match(/sulcus\.json/g);
    await until(async () => (results()?.length ?? 0) >= 10, 30_000);
    child.kill('SIGKILL');
    await exited;

    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: REPOSITORY, encoding: 'utf8' });
    const report = JSON.parse(stdout);
    const { classified, kept } = report.outcomes;

    expect([status, report.scans, classified + kept]).toEqual([0, count, count]);
    expect(kept).toBeGreaterThanOrEqual(10);
    expect(classified).toBeGreaterThan(0);
    expect(report.states).toEqual({ classified: count });
    expect(stderr).not.toMatch(/private name/);
  });
});
