import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type KeysAction, type KeysOptions, keysCommand } from '../../lib/cli/keys-command';
import { usageCommand } from '../../lib/cli/usage-command';
import { usageReportSchema } from '../../lib/core/contract';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, finalScans, makeFolders, startTestCloud } from '../support/local-cloud';
import { recordOutput } from '../support/output-recorder';
import { tinyScan } from '../support/tiny-scan';

const REQUESTS = 300;

/** Keys with limits, made by the command line beside a running server, used over HTTP. */
describe('a key with limits on the local cloud', () => {
  let folders: Folders;
  let cloud: Awaited<ReturnType<typeof startTestCloud>>;
  beforeAll(async () => {
    folders = await makeFolders();
    cloud = await startTestCloud({ ...folders, model: createFakeModel() });
  });
  afterAll(async () => {
    await cloud.stop();
    await folders.remove();
  });

  const keys = async (action: KeysAction, argument: string, options: Partial<KeysOptions> = {}) => {
    const output = recordOutput();
    await keysCommand(action, argument, { dataDir: folders.dataFolder, json: true, ...options }, output);
    return JSON.parse(output.lines[0] as string) as { key: string; keyId: string };
  };
  const classify = (apiKey: string) =>
    call({ url: cloud.url, apiKey }, '/v1/classify', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(tinyScan(3)),
    });
  const usageOf = async (apiKey: string) =>
    usageReportSchema.parse(await (await call({ url: cloud.url, apiKey }, '/v1/usage')).json());

  it('gets exactly its quota out of requests that come all at once', async () => {
    const { key } = await keys('create', 'limited', { quota: 30 });

    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => classify(key)));

    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(30);
    expect(refused).toHaveLength(REQUESTS - 30);
    expect(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
    expect(await usageOf(key)).toMatchObject({ totals: { scans: 30 }, quota: { limit: 30, used: 30 } });
  }, 60_000);

  it('keeps quota and usage when it is rotated, and both secrets until the overlap ends', async () => {
    const { key: before, keyId } = await keys('create', 'rotated', { quota: 2 });
    await classify(before);

    const { key: after } = await keys('rotate', keyId, { overlap: 60_000 });
    const statuses = [(await classify(after)).status, (await classify(before)).status];
    await keys('rotate', keyId, { overlap: 0 });
    const ended = await classify(after);

    expect(statuses).toEqual([200, 429]);
    expect(ended.status).toBe(401);
  });

  it('shares nothing with files that are dropped into the folder, which count for nobody', async () => {
    const before = (await finalScans(cloud, 0)).length;
    await writeFile(path.join(folders.scanFolder, 'dropped.png'), tinyScan(9));
    await finalScans(cloud, before + 1);
    const output = recordOutput();

    await usageCommand('bucket', { dataDir: folders.dataFolder, json: true }, output);

    expect(JSON.parse(output.lines[0] as string)).toMatchObject({ apiKeyId: 'bucket', totals: { scans: 1 } });
  });
});
