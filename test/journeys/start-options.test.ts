import { readFile, writeFile } from 'node:fs/promises';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, finalScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

let folders: Folders;
beforeEach(async () => {
  folders = await makeFolders();
});
afterEach(() => folders.remove());

test('results lie beside their scans, and go with them', async () => {
  const cloud = await startTestCloud({ ...folders, model: createFakeModel(), resultObjects: true });
  try {
    await writeFile(`${folders.scanFolder}/a b.png`, tinyScan(1));
    const [scan] = await finalScans(cloud, 1);
    const file = `${folders.scanFolder}/a b.png.sulcus.json`;
    const beside = await until(() => readFile(file, 'utf8').catch(() => undefined));

    const gone = await call(cloud, `/v1/scans/${scan?.scanId}`, { method: 'DELETE' });

    expect(JSON.parse(beside)).toEqual(scan);
    expect(gone.status).toBe(204);
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(`${folders.scanFolder}/a b.png`)).toEqual(tinyScan(1));
    expect(await finalScans(cloud, 0)).toEqual([]);
  } finally {
    await cloud.stop();
  }
});
