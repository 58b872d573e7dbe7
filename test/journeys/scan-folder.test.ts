import { copyFile, mkdir, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLE_SCAN } from '../fixtures';
import { call, type Folders, finalScans, listScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

/** The scan folder as bucket and queue, through the real handler, model, decoder and table. */
describe('dropping files into the scan folder', () => {
  let folders: Folders;
  let modelFolder: string;
  let cloud: Awaited<ReturnType<typeof startTestCloud>>;
  const drop = async (name: string, bytes: Uint8Array) => {
    const file = path.join(folders.scanFolder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  const byKey = async (key: string) => listScans(cloud, { key });
  const finalByKey = (key: string) =>
    until(async () => {
      const scans = await byKey(key);
      return scans.length > 0 && scans;
    }, 12_000);

  beforeAll(async () => {
    folders = await makeFolders();
    modelFolder = path.join(folders.dataFolder, '../model');
    await writeTinyBundle(modelFolder);
    await mkdir(folders.scanFolder, { recursive: true });
    await copyFile(SAMPLE_SCAN.png, path.join(folders.scanFolder, 'before the start.png'));
    cloud = await startTestCloud({ ...folders, modelFolder });
  });
  afterAll(async () => {
    await cloud.stop();
    await folders.remove();
  });

  it('classifies what was there before the start', async () => {
    const [scan] = await finalByKey('before the start.png');

    expect(scan).toMatchObject({
      state: 'classified',
      label: expect.any(String),
      score: expect.any(Number),
      model: { name: 'tiny-vit' },
      source: { kind: 'upload', bucket: 'scan-folder', key: 'before the start.png', versionId: null },
      error: null,
    });
  });

  it.each([
    'plain.png',
    'with spaces  and+plus.png',
    '%2B percent%.png',
    'café.png',
    'cafe\u0301.png',
    '🧠 (1).png',
    'a/b c/d é/deep.png',
    "it's & co;=#.png",
  ])('classifies %s under its own name', async (name) => {
    await drop(name, tinyScan(name.length * 1000 + (name.codePointAt(0) ?? 0)));

    const scans = await finalByKey(name);

    expect(scans.map(({ state, source }) => [state, source.key])).toEqual([['classified', name]]);
  });

  it('classifies a JPEG that is moved in with an old date, dated by its arrival', async () => {
    const outside = path.join(folders.scanFolder, '..', 'old.jpg');
    await copyFile(SAMPLE_SCAN.jpeg, outside);
    await utimes(outside, new Date(0), new Date(0));
    const before = Date.now() - 1000;
    await rename(outside, path.join(folders.scanFolder, 'old.jpg'));

    const [scan] = await finalByKey('old.jpg');

    expect(scan?.state).toBe('classified');
    expect(Date.parse(scan?.createdAt ?? '')).toBeGreaterThan(before);
  });

  it('takes a folder that is moved in whole', async () => {
    const outside = path.join(folders.scanFolder, '..', 'series');
    await mkdir(path.join(outside, 'inner'), { recursive: true });
    await writeFile(path.join(outside, 'inner', 'slice.png'), tinyScan(77_001));
    await rename(outside, path.join(folders.scanFolder, 'series'));

    expect((await finalByKey('series/inner/slice.png')).map(({ state }) => state)).toEqual(['classified']);
  });

  it('makes one scan of a file that is copied slowly', async () => {
    const bytes = tinyScan(5);
    const handle = await open(path.join(folders.scanFolder, 'slow.png'), 'w');
    for (let start = 0; start < bytes.length; start += 40) {
      await handle.write(bytes.subarray(start, start + 40));
      await sleep(400);
    }
    await handle.close();

    await finalByKey('slow.png');
    await sleep(700);

    expect((await byKey('slow.png')).map(({ state }) => state)).toEqual(['classified']);
  });

  it('rejects a truncated file within ten seconds of its last write', async () => {
    await drop('half.png', tinyScan(6).subarray(0, 100));
    const start = Date.now();

    const [scan] = await finalByKey('half.png');

    expect(scan).toMatchObject({ state: 'rejected', error: { code: 'UNREADABLE_IMAGE' }, label: null });
    expect(Date.now() - start).toBeLessThan(10_000);
  });

  it('makes a second scan of new content under the same name, and none of the same content again', async () => {
    await drop('twice.png', tinyScan(7));
    const [first] = await finalByKey('twice.png');
    await drop('twice.png', tinyScan(8));

    const scans = await until(async () => {
      const found = await byKey('twice.png');
      return found.length === 2 && found;
    });

    expect(new Set(scans.map(({ scanId }) => scanId)).size).toBe(2);
    expect(scans.at(-1)?.scanId).toBe(first?.scanId);
  });

  it('ignores symbolic links, dot files and what browsers have not finished', async () => {
    await writeFile(path.join(folders.scanFolder, '..', 'outside.png'), tinyScan(9));
    // Windows lets few people make links, and then there is nothing to ignore.
    const link = symlink(path.join(folders.scanFolder, '..', 'outside.png'), path.join(folders.scanFolder, 'link.png'));
    await link.catch(() => undefined);
    for (const name of ['.hidden.png', '.folder/a.png', 'a.png.crdownload', 'b.png.part'])
      await drop(name, tinyScan(10));
    await drop('after.png', tinyScan(11));

    await finalByKey('after.png');

    const keys = (await listScans(cloud)).map(({ source }) => source.key ?? '');
    expect(keys.filter((key) => /link|hidden|folder|crdownload|part/.test(key))).toEqual([]);
  });

  it('revives nothing that was deleted when the same file is dropped again', async () => {
    await drop('deleted.png', tinyScan(12));
    const [scan] = await finalByKey('deleted.png');
    const removed = await call(cloud, `/v1/scans/${scan?.scanId}`, { method: 'DELETE' });
    await rm(path.join(folders.scanFolder, 'deleted.png'));
    await drop('deleted.png', tinyScan(12));
    await drop('marker.png', tinyScan(13));

    await finalByKey('marker.png');
    await sleep(500);

    expect(removed.status).toBeLessThan(300);
    expect(await byKey('deleted.png')).toEqual([]);
    expect((await call(cloud, `/v1/scans/${scan?.scanId}`)).status).toBe(404);
  });

  it('takes a hundred files at once, each once', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, index) => drop(`many/${index}.png`, tinyScan(20_000 + index))));

    await until(
      async () => (await listScans(cloud)).filter(({ source }) => source.key?.startsWith('many/')).length >= 100,
    );

    const keys = (await listScans(cloud)).map(({ source }) => source.key);
    expect(new Set(keys.filter((key) => key?.startsWith('many/'))).size).toBe(100);
    expect(keys.filter((key) => key?.startsWith('many/'))).toHaveLength(100);
    await finalScans(cloud, 100);
  });
});
