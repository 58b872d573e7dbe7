import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createFakeModel } from '../support/fake-classifier';
import { type Folders, makeFolders, startTestCloud } from '../support/local-cloud';

describe('a local cloud on any free port', () => {
  let folders: Folders;

  beforeEach(async () => {
    folders = await makeFolders();
  });

  afterEach(() => folders.remove());

  const start = () => startTestCloud({ ...folders, model: createFakeModel() });

  /** What kill -9 leaves: a stop would have removed the file. */
  const leaveBehind = async (text: string): Promise<void> =>
    writeFile(path.join(folders.dataFolder, 'endpoint.json'), text);

  test('takes up the address of a server that was killed', async () => {
    const first = await start();
    const file = await readFile(path.join(folders.dataFolder, 'endpoint.json'), 'utf8');
    await first.stop();
    await leaveBehind(file);

    const second = await start();

    expect(second.url).toBe(first.url);
    await second.stop();
  });

  test('takes another when that port is in use by now', async () => {
    const first = await start();
    const file = await readFile(path.join(folders.dataFolder, 'endpoint.json'), 'utf8');
    await first.stop();
    await leaveBehind(file);
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(Number(new URL(first.url).port), '127.0.0.1', done));

    const second = await start();

    expect(new URL(second.url).port).not.toBe(String((squatter.address() as AddressInfo).port));
    await second.stop();
    await new Promise((done) => squatter.close(done));
  });

  test('starts beside a file that is none', async () => {
    const first = await start();
    await first.stop();
    await leaveBehind('{"url": 7}');

    const second = await start();

    expect(second.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await second.stop();
  });
});
