import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../../lib/adapters/checkpoint-folder';
import { openGraphSession, openModel } from '../../lib/adapters/onnx';
import { compileModel } from '../../lib/compiler';
import { probeImage } from '../../lib/compiler/probe-images';
import { CALIBRATION_FILE } from '../../lib/core/calibration/calibration-schema';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { readOnnx } from '../support/read-onnx';

const bundle = resolve(__dirname, '../../layers/model');
const checkpoint = resolve(__dirname, '../../../shared/checkpoint');

const readManifest = async (): Promise<ModelManifest> =>
  JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8'));

test('the default bundle is whole, opens and classifies', async () => {
  const model = await openModel(bundle, { verify: true });

  const { logits } = await model.run({ pixels: probeImage(0, 224, 224) }, ['logits']);

  expect(model.manifest).toMatchObject({
    name: 'alzheimer-mri-vit-s16',
    version: '1.0.0',
    parity: { exceeded: false },
  });
  expect(logits).toHaveLength(model.manifest.labels.length);
  await model.dispose();
});

test('integer operators are really in its graph, and small enough to commit', async () => {
  const { graph, files } = await readManifest();

  const { nodes, initializers } = readOnnx(await readFile(join(bundle, graph.file)));

  const count = (opType: string) => nodes.filter((node) => node.opType === opType).length;
  expect(count('DynamicQuantizeMatMul')).toBe(11 * 4 + 4);
  expect(count('MatMulIntegerToFloat')).toBe(1);
  // Of one row each: the last layer's keys, weighted tokens and values, the background's mean, and the classifier.
  expect(count('MatMul')).toBe(3 + 1 + 1);
  const largest = [...initializers.values()].filter(({ dims }) => dims.reduce((a, b) => a * b, 1) > 100_000);
  const bytes = largest.filter(({ dataType }) => dataType === 3);
  expect(bytes).toHaveLength(1 + 11 * 4 + 4);
  expect(largest).toHaveLength(bytes.length + 2);
  expect(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(23.5e6);
});

test('a bundle without its card and its notices would not be ours to give', async () => {
  const card = await readFile(join(bundle, 'README.md'), 'utf8');

  const own = (await readManifest()).files.map(({ path }) => path.split('/')[0] as string);
  expect((await readdir(bundle)).sort()).toEqual(
    ['.gitattributes', 'README.md', 'manifest.json', ...new Set(own)].sort(),
  );
  for (const notice of ['Research use only', 'DINOv2', 'Apache License 2.0', 'MIT License', 'OASIS-1', 'Kaggle']) {
    expect(card).toContain(notice);
  }
});

const whenPresent = existsSync(checkpoint) ? test : test.skip;

whenPresent(
  'compiling its checkpoint again (if it is beside the repository) gives the same network',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sulcus-default-'));

    const manifest = await compileModel({
      source: await openCheckpointFolder(checkpoint),
      sink: await createBundleFolder(join(folder, 'bundle')),
      name: 'alzheimer-mri-vit-s16',
      version: '1.0.0',
      openSession: openGraphSession,
      skipBackground: 8,
    });

    const { files } = await readManifest();
    expect(manifest.files).toEqual(files.filter(({ path }) => path !== CALIBRATION_FILE));
    await rm(folder, { recursive: true, force: true });
  },
  120_000,
);
