import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ModelManifest } from '../../lib/core/model-manifest';
import { NATIVE_PACKAGES } from '../../lib/packaging/native-runtime';

/** A small checkout in a temporary folder: what the build reads, in fabricated form. */
export interface Checkout {
  readonly root: string;
  readonly write: (path: string, contents: string | Uint8Array) => void;
  readonly remove: () => void;
}

export const createCheckout = (): Checkout => {
  const root = mkdtempSync(join(tmpdir(), 'sulcus-packaging-'));
  return {
    root,
    write: (path, contents) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), contents);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

const VERSION = '1.2.3';

/** Files that make a fabricated package complete for linux x64, and some that must stay behind. */
const PACKAGE_FILES: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': [
    'dist/index.js',
    'dist/index.js.map',
    'script/install.js',
    'bin/napi-v6/linux/x64/libonnxruntime.so.1',
    'bin/napi-v6/linux/x64/onnxruntime_binding.node',
    'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
    'bin/napi-v6/linux/arm64/libonnxruntime.so.1',
    'bin/napi-v6/win32/x64/DirectML.dll',
  ],
  'onnxruntime-common': ['dist/cjs/index.js', 'dist/cjs/package.json', 'dist/esm/index.js'],
  sharp: ['dist/index.cjs', 'dist/index.mjs', 'src/sharp.cc', 'LICENSE'],
  '@img/sharp-linux-x64': ['index.cjs', 'lib/sharp-linux-x64-1.2.3.node'],
  '@img/sharp-libvips-linux-x64': ['lib/index.js', 'lib/libvips-cpp.so.8.18.7', 'lib/glib-2.0/include/glibconfig.h'],
  '@img/colour': ['index.cjs', 'color.cjs'],
  'detect-libc': ['lib/detect-libc.js', 'index.d.ts'],
  semver: ['index.js', 'functions/gte.js', 'bin/semver.js'],
};

/** Writes a node_modules folder with every package of the layer. */
export const writeNativeModules = (checkout: Checkout, folder = 'node_modules', version = VERSION): void => {
  for (const [name, files] of Object.entries(PACKAGE_FILES)) {
    checkout.write(`${folder}/${name}/package.json`, JSON.stringify({ name, version }));
    for (const file of files) checkout.write(`${folder}/${name}/${file}`, `${name} ${file}`);
  }
};

/** Writes layers/native-runtime with a lockfile pinning every package. */
export const writeLayerSource = (checkout: Checkout): void => {
  const packages = Object.fromEntries(
    Object.keys(NATIVE_PACKAGES).map((name) => [`node_modules/${name}`, { version: VERSION }]),
  );
  checkout.write('layers/native-runtime/package.json', '{}');
  checkout.write('layers/native-runtime/.npmrc', '');
  checkout.write('layers/native-runtime/package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }));
};

const sha256 = (contents: Uint8Array): string => createHash('sha256').update(contents).digest('hex');

/** Writes a model bundle whose weights are `weights`: the default one, version 1, or another. */
export const writeModel = (
  checkout: Checkout,
  weights: Uint8Array = Buffer.from('weights'),
  { folder = 'layers/model', version = '1' }: { folder?: string; version?: string } = {},
): void => {
  const contents: Record<string, Uint8Array> = {
    'config.json': Buffer.from('{}'),
    'onnx/model_quantized.onnx': Buffer.from('graph'),
    'onnx/model_quantized.onnx_data': weights,
    'preprocessor_config.json': Buffer.from('{}'),
  };
  const manifest: ModelManifest = {
    schemaVersion: 1,
    name: 'fabricated',
    version,
    digest: `sha256:${'0'.repeat(64)}`,
    labels: ['a', 'b'],
    activation: 'softmax',
    imageSize: { height: 32, width: 32 },
    architecture: { modelType: 'vit', hiddenSize: 32, layers: 2, heads: 2, patchSize: 8, parameters: 1000 },
    graph: {
      file: 'onnx/model_quantized.onnx',
      opset: 21,
      input: { name: 'pixels', type: 'uint8', layout: 'NHWC' },
      outputs: { logits: 'logits', features: 'features', pooled: null, attention: 'attention' },
      skipBackground: null,
      mergeTokens: null,
    },
    quantization: {
      scheme: 'int8',
      weights: 's8',
      activations: 'u8',
      smoothingAlpha: null,
      largestPair: null,
      fp32Parts: [],
    },
    parity: {
      reference: 'fp32',
      images: 1,
      imageKind: 'generated',
      maxLogitDifference: 0,
      meanLogitDifference: 0,
      top1Agreement: 1,
      clsCosine: 1,
      meanClsCosine: 1,
      bound: 1,
      meanBound: 0.25,
      exceeded: false,
    },
    calibration: null,
    card: null,
    head: null,
    source: { checkpoint: 'fabricated', dtype: 'fp32', weightsSha256: '0'.repeat(64), compiler: 'test' },
    files: Object.entries(contents).map(([path, bytes]) => ({
      path,
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    })),
  };
  for (const [path, bytes] of Object.entries(contents)) checkout.write(`${folder}/${path}`, bytes);
  checkout.write(`${folder}/manifest.json`, JSON.stringify(manifest));
};

/** Writes functions/<name>/handler.ts for all functions, each importing what its plan leaves to the layers. */
export const writeFunctions = (checkout: Checkout): void => {
  for (const name of ['classify-api', 'classify-upload', 'backfill-scans']) {
    checkout.write(
      `functions/${name}/handler.ts`,
      "import sharp from 'sharp';\nimport { Tensor } from 'onnxruntime-node';\nexport const handler = () => [sharp, Tensor];\n",
    );
  }
  for (const name of ['authorize', 'describe', 'publish-results', 'deliver-webhook']) {
    checkout.write(`functions/${name}/handler.ts`, `export const handler = () => '${name}';\n`);
  }
  checkout.write('functions/classify-api/Dockerfile', 'FROM scratch\n');
};

export const writeAll = (checkout: Checkout): void => {
  writeLayerSource(checkout);
  writeNativeModules(checkout);
  writeModel(checkout);
  writeFunctions(checkout);
};
