import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFakeModel } from '../support/fake-classifier';
import { type Folders, finalScans, listScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

describe('a model that fails', () => {
  let folders: Folders;
  beforeEach(async () => {
    folders = await makeFolders();
  });
  afterEach(() => folders.remove());

  const start = (run?: (pixels: Uint8Array) => Promise<Float32Array>, queue = { redeliveryMs: 20 }) =>
    startTestCloud({ ...folders, model: createFakeModel(run), queue });
  const drop = (name: string) => writeFile(path.join(folders.scanFolder, name), tinyScan(name.length));
  const deadLetters = () => readdir(path.join(folders.dataFolder, 'dead-letter'));

  it('is tried five times, then the scan is `failed` and its message a dead letter; nothing is lost', async () => {
    let runs = 0;
    const cloud = await start(async () => {
      runs += 1;
      throw new Error('crash of /secret/path');
    });
    await drop('scan.png');

    const [failed] = await finalScans(cloud, 1);
    const [letter] = await until(async () => {
      const letters = await deadLetters();
      return letters.length > 0 && letters;
    });
    await cloud.stop();

    expect(runs).toBe(5);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' }, label: null });
    expect(failed?.error?.message).not.toContain('/secret');
    expect(letter).toBe(`${failed?.scanId}.json`);
    const message = JSON.parse(await readFile(path.join(folders.dataFolder, 'dead-letter', `${letter}`), 'utf8'));
    expect(message.attributes.ApproximateReceiveCount).toBe('5');
    expect(JSON.parse(message.body).Records[0].s3.object.key).toBe('scan.png');

    // With the model repaired, the next start hands the file in again.
    const repaired = await start();
    const [classified] = await until(async () => {
      const scans = await listScans(repaired, { state: 'classified' });
      return scans.length === 1 && scans;
    });
    await until(async () => (await deadLetters()).length === 0);
    expect(classified?.scanId).toBe(failed?.scanId);
    expect(await listScans(repaired)).toHaveLength(1);
    await repaired.stop();
  });

  it('does not keep other scans waiting, and one that recovers is classified', async () => {
    let broken = true;
    const cloud = await start(
      async () => {
        if (broken) throw new Error('not yet');
        return Float32Array.of(1, 2, 3);
      },
      { redeliveryMs: 100 },
    );
    await drop('a.png');
    await drop('bb.png');
    await sleep(500);
    broken = false;

    const scans = await finalScans(cloud, 2);

    expect(scans.map(({ state }) => state)).toEqual(['classified', 'classified']);
    expect(await deadLetters()).toEqual([]);
    await cloud.stop();
  });

  it('that hangs is given up by the batch, and the server still stops in time', async () => {
    const queue = { redeliveryMs: 20, handlerTimeoutMs: 50 };
    const cloud = await startTestCloud({
      ...folders,
      model: createFakeModel(() => new Promise(() => undefined)),
      queue,
    });
    await drop('scan.png');
    await until(async () => (await deadLetters()).length === 1);
    const start = Date.now();

    await cloud.stop();

    expect(Date.now() - start).toBeLessThan(5_000);
  });
});
