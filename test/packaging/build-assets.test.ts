import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertLayersFit } from '../../lib/packaging/assert-layers-fit';
import { buildAssets } from '../../lib/packaging/build-assets';
import { listFiles, sha256OfFile } from '../../lib/packaging/file-tree';
import { distOf } from '../../lib/packaging/layout';
import { type Checkout, createCheckout, writeAll, writeModel } from './checkout';

let checkout: Checkout;
beforeEach(() => {
  checkout = createCheckout();
  writeAll(checkout);
});
afterEach(() => checkout.remove());

const contentsOf = async (root: string): Promise<string[]> => {
  const dist = join(root, 'dist');
  const files = (await listFiles(dist)).filter((file) => !file.path.startsWith('stamps/'));
  return Promise.all(files.map(async ({ path }) => `${path} ${await sha256OfFile(join(dist, path))}`));
};

describe('build', () => {
  test('stages one payload twice: as layers, and below opt/ of the image', async () => {
    await buildAssets({ root: checkout.root, fetch: false });

    const dist = distOf(checkout.root);
    const layers = [...(await listFiles(dist.nativeRuntimeLayer)), ...(await listFiles(dist.modelLayer))];
    const image = await listFiles(dist.image);
    expect(image.filter((file) => file.path.startsWith('opt/')).map((file) => file.path)).toEqual(
      layers.map((file) => `opt/${file.path}`).sort(),
    );
    expect(image.filter((file) => !file.path.startsWith('opt/')).map((file) => file.path)).toEqual([
      'Dockerfile',
      'functions/backfill-scans/index.js',
      'functions/classify-api/index.js',
      'functions/classify-upload/index.js',
    ]);
  });

  test('gives the same bytes for the same input, wherever the checkout lies', async () => {
    const other = createCheckout();
    writeAll(other);

    await buildAssets({ root: checkout.root, fetch: false });
    await buildAssets({ root: other.root, fetch: false });

    expect(await contentsOf(other.root)).toEqual(await contentsOf(checkout.root));
    other.remove();
  });

  test('builds nothing twice', async () => {
    const first = await buildAssets({ root: checkout.root, fetch: false });

    const second = await buildAssets({ root: checkout.root, fetch: false });

    expect(first.every((line) => line.endsWith('built'))).toBe(true);
    expect(second.every((line) => line.endsWith('up to date'))).toBe(true);
  });

  test('rebuilds the function and the image, and only them, when the handler changes', async () => {
    await buildAssets({ root: checkout.root, fetch: false });
    checkout.write('functions/classify-api/handler.ts', 'export const handler = () => "changed";\n');

    const lines = await buildAssets({ root: checkout.root, fetch: false });

    expect(lines.filter((line) => line.endsWith('built')).map((line) => line.split(' ')[0])).toEqual([
      'functions/classify-api',
      'image',
    ]);
    const staged = join(distOf(checkout.root).image, 'functions/classify-api/index.js');
    expect(readFileSync(staged, 'utf8')).toContain('changed');
  });

  test('makes every staged file readable for the user Lambda runs as', async () => {
    chmodSync(join(checkout.root, 'layers/model/config.json'), 0o600);

    await buildAssets({ root: checkout.root, fetch: false });

    const mode = statSync(join(distOf(checkout.root).modelLayer, 'model/config.json')).mode & 0o777;
    expect(mode).toBe(process.platform === 'win32' ? 0o666 : 0o644);
  });

  test('carries any model in the image; what Lambda cannot mount as layers is refused for those, with the sizes', async () => {
    writeModel(checkout, Buffer.alloc(263_000_000));

    const lines = await buildAssets({ root: checkout.root, fetch: false });

    expect(lines.at(-1)).toBe('over the 262.14 MB of a function with layers: deploy with -c packaging=image');
    expect((await listFiles(distOf(checkout.root).image)).some(({ sizeBytes }) => sizeBytes === 263_000_000)).toBe(
      true,
    );
    await expect(assertLayersFit(distOf(checkout.root))).rejects.toThrow(
      /at most 262\.14 MB \(262144000 bytes\) unzipped .* received 263\.00 MB: function classify-api 0\.00 MB \+ native-runtime layer 0\.00 MB \+ model layer 263\.00 MB\. Use -c packaging=image/,
    );
  });

  test('a model within the limit can be deployed as layers, and no line says otherwise', async () => {
    const lines = await buildAssets({ root: checkout.root, fetch: false });

    await expect(assertLayersFit(distOf(checkout.root))).resolves.toBeUndefined();
    expect(lines.join()).not.toContain('packaging=image');
  });
});

describe('model layer', () => {
  test('carries the manifest and its files, and nothing that lies beside them', async () => {
    checkout.write('layers/model/notes.txt', 'not in the manifest');

    await buildAssets({ root: checkout.root, fetch: false });

    const files = await listFiles(distOf(checkout.root).modelLayer);
    expect(files.map((file) => file.path)).toEqual([
      'model/config.json',
      'model/manifest.json',
      'model/onnx/model_quantized.onnx',
      'model/onnx/model_quantized.onnx_data',
      'model/preprocessor_config.json',
    ]);
  });

  test('refuses a file that differs from its SHA-256, even after an earlier good build', async () => {
    await buildAssets({ root: checkout.root, fetch: false });
    writeFileSync(join(checkout.root, 'layers/model/onnx/model_quantized.onnx_data'), 'weightz');

    const build = buildAssets({ root: checkout.root, fetch: false });

    await expect(build).rejects.toThrow(/expected onnx\/model_quantized\.onnx_data of the model bundle with SHA-256/);
  });

  test.each([
    ['is absent', undefined, 'expected a model bundle with manifest.json in layers/model, received none'],
    ['is not a manifest', '{"name":"x"}', 'received one that does not match its schema'],
    ['is not JSON', '{', 'received one that does not match its schema'],
  ])('says what to run when the manifest %s', async (_case, text, message) => {
    const path = join(checkout.root, 'layers/model/manifest.json');
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);

    const build = buildAssets({ root: checkout.root, fetch: false });

    await expect(build).rejects.toThrow(message);
    await expect(build).rejects.toThrow('npx sulcus compile');
  });
});

describe('bundles beside the main one', () => {
  const build = (modelBundles: readonly string[]) => buildAssets({ root: checkout.root, fetch: false, modelBundles });
  const staged = async () => (await listFiles(distOf(checkout.root).modelLayer)).map(({ path }) => path);

  test('are staged below its folder, in their order, so that layer and image carry them', async () => {
    writeModel(checkout, Buffer.from('newer'), { folder: 'newer', version: '2' });
    writeModel(checkout, Buffer.from('newest'), { folder: 'newest', version: '3' });

    await build(['newer', 'newest']);

    const weights = (await staged()).filter((path) => path.endsWith('.onnx_data'));
    expect(weights).toEqual(
      ['model/also/0', 'model/also/1', 'model'].map((folder) => `${folder}/onnx/model_quantized.onnx_data`),
    );
    const at = (path: string) => readFileSync(join(distOf(checkout.root).modelLayer, path), 'utf8');
    expect(weights.map(at)).toEqual(['newer', 'newest', 'weights']);
    expect((await listFiles(distOf(checkout.root).image)).map(({ path }) => path)).toEqual(
      expect.arrayContaining(weights.map((path) => `opt/${path}`)),
    );
  });

  test('go when they are no longer named', async () => {
    writeModel(checkout, Buffer.from('newer'), { folder: 'newer', version: '2' });
    await build(['newer']);

    await build([]);

    expect((await staged()).filter((path) => path.includes('also'))).toEqual([]);
  });

  test('must be whole, and differ in name or version', async () => {
    writeModel(checkout, Buffer.from('newer'), { folder: 'same' });
    writeModel(checkout, Buffer.from('newer'), { folder: 'broken', version: '2' });
    writeFileSync(join(checkout.root, 'broken/onnx/model_quantized.onnx_data'), 'older');

    await expect(build(['same'])).rejects.toThrow(
      'expected model bundles of different name or version, received fabricated@1 twice',
    );
    await expect(build(['broken'])).rejects.toThrow('expected onnx/model_quantized.onnx_data of the model bundle');
  });
});
