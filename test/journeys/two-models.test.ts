import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { handler } from '../../functions/classify-api/handler';
import type { ScanResult } from '../../lib/core/contract';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { gatewayEvent } from '../functions/gateway-events';
import { call, type Folders, finalScans, makeFolders, startTestCloud } from '../support/local-cloud';
import { writeTinyBundle } from '../support/tiny-bundle';
import { tinyScan } from '../support/tiny-scan';

let folders: Folders;
let older: { folder: string; manifest: ModelManifest };
let newer: { folder: string; manifest: ModelManifest };
const write = async (root: string, seed: number, version: string) => ({
  folder: root,
  manifest: await writeTinyBundle(root, { seed }, version),
});
beforeAll(async () => {
  folders = await makeFolders();
  await mkdir(path.dirname(folders.dataFolder), { recursive: true });
  const main = path.join(folders.dataFolder, '..', 'bundle');
  older = await write(main, 1, '1.0.0');
  // Where the build stages it, so that the deployed function finds it too.
  newer = await write(path.join(main, 'also', '0'), 2, '1.1.0');
});
afterAll(() => folders.remove());

const post = (cloud: { url: string; apiKey: string }, route: string) =>
  call(cloud, route, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: new Uint8Array(tinyScan(1)),
  });

test('two versions serve side by side on a laptop, each result with the digest that made it; uploads take the main one', async () => {
  const cloud = await startTestCloud({ ...folders, modelFolder: older.folder, besideFolders: [newer.folder] });
  try {
    const answers: ScanResult[] = [];
    for (const route of ['/v1/classify', '/v1/models/tiny-vit@1.0.0/classify', '/v1/models/tiny-vit@1.1.0/classify']) {
      answers.push((await (await post(cloud, route)).json()) as ScanResult);
    }
    await writeFile(`${folders.scanFolder}/a.png`, tinyScan(1));
    const stored = await finalScans(cloud, 4);

    const digests = answers.map(({ model }) => model?.digest);
    expect(digests).toEqual([older.manifest.digest, older.manifest.digest, newer.manifest.digest]);
    expect(answers[1]?.scores).toEqual(answers[0]?.scores);
    expect(answers[2]?.scores).not.toEqual(answers[0]?.scores);
    for (const { scanId, model } of answers) {
      expect(stored.find((scan) => scan.scanId === scanId)?.model).toEqual(model);
    }
    expect(stored.find(({ source }) => source.kind === 'upload')?.model?.digest).toBe(older.manifest.digest);
    expect((await post(cloud, '/v1/models/tiny-vit@2.0.0/classify')).status).toBe(404);
  } finally {
    await cloud.stop();
  }
});

test('the same version twice is refused when the server starts', async () => {
  const starting = startTestCloud({ ...folders, modelFolder: older.folder, besideFolders: [older.folder] });

  await expect(starting).rejects.toThrow(
    'expected model bundles of different name or version, received tiny-vit@1.0.0 twice',
  );
});

test('the deployed function lists what was staged beside its model, and opens none for that', async () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    SULCUS_TABLE: 'table',
    SULCUS_BUCKET: 'bucket',
    SULCUS_MODEL_FOLDER: older.folder,
    AWS_REGION: 'eu-central-1',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  try {
    const listed = await handler(gatewayEvent('GET', '/v1/models', {}));
    const facts = await handler(gatewayEvent('GET', '/v1/models/tiny-vit@1.1.0', {}));

    expect(
      JSON.parse(listed.body).items.map(({ path: name, main }: { path: string; main: boolean }) => [name, main]),
    ).toEqual([
      ['tiny-vit@1.0.0', true],
      ['tiny-vit@1.1.0', false],
    ]);
    expect(JSON.parse(facts.body).digest).toBe(newer.manifest.digest);
  } finally {
    process.env = before;
  }
});
