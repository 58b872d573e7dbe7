import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { totalBytes } from '../../lib/packaging/file-tree';
import { distOf } from '../../lib/packaging/layout';
import { NATIVE_PACKAGES } from '../../lib/packaging/native-runtime';
import { stageNativeRuntime } from '../../lib/packaging/stage-native-runtime';
import { type Checkout, createCheckout, writeLayerSource, writeNativeModules } from './checkout';

const ROOT = resolve(__dirname, '../..');
const readJson = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

let checkout: Checkout;
beforeEach(() => {
  checkout = createCheckout();
  writeLayerSource(checkout);
});
afterEach(() => checkout.remove());

describe('native-runtime layer', () => {
  test('holds the linux x64 binaries and the JavaScript that loads them, nothing else', async () => {
    writeNativeModules(checkout);

    const { files } = await stageNativeRuntime({ root: checkout.root, fetch: false });

    const modules = 'nodejs/node_modules';
    expect(files.map((file) => file.path).filter((path) => !path.endsWith('/package.json'))).toEqual([
      `${modules}/@img/colour/color.cjs`,
      `${modules}/@img/colour/index.cjs`,
      `${modules}/@img/sharp-libvips-linux-x64/lib/index.js`,
      `${modules}/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.8.18.7`,
      `${modules}/@img/sharp-linux-x64/index.cjs`,
      `${modules}/@img/sharp-linux-x64/lib/sharp-linux-x64-1.2.3.node`,
      `${modules}/detect-libc/lib/detect-libc.js`,
      `${modules}/onnxruntime-common/dist/cjs/index.js`,
      `${modules}/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1`,
      `${modules}/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node`,
      `${modules}/onnxruntime-node/dist/index.js`,
      `${modules}/semver/functions/gte.js`,
      `${modules}/semver/index.js`,
      `${modules}/sharp/LICENSE`,
      `${modules}/sharp/dist/index.cjs`,
    ]);
  });

  test('is left alone while its sources stay the same, and rebuilt when a file of it is lost', async () => {
    writeNativeModules(checkout);
    const first = await stageNativeRuntime({ root: checkout.root, fetch: false });

    const second = await stageNativeRuntime({ root: checkout.root, fetch: false });
    const layer = distOf(checkout.root).nativeRuntimeLayer;
    execFileSync(process.execPath, ['-e', 'require("fs").rmSync(process.argv[1])', join(layer, first.files[0]!.path)]);
    const third = await stageNativeRuntime({ root: checkout.root, fetch: false });

    expect([first.upToDate, second.upToDate, third.upToDate]).toEqual([false, true, false]);
    expect(third.files).toEqual(first.files);
  });

  test('takes the version nested below its dependent when npm hoisted another', async () => {
    writeNativeModules(checkout);
    checkout.write('node_modules/semver/package.json', '{"version":"5.0.0"}');
    checkout.write('node_modules/sharp/node_modules/semver/package.json', '{"version":"1.2.3"}');
    checkout.write('node_modules/sharp/node_modules/semver/index.js', 'nested');

    await stageNativeRuntime({ root: checkout.root, fetch: false });

    const staged = join(distOf(checkout.root).nativeRuntimeLayer, 'nodejs/node_modules/semver/index.js');
    expect(readFileSync(staged, 'utf8')).toBe('nested');
  });

  test('says what to run when the modules are for another platform', async () => {
    writeNativeModules(checkout);
    execFileSync(process.execPath, [
      '-e',
      'require("fs").rmSync(process.argv[1], { recursive: true })',
      join(checkout.root, 'node_modules/@img/sharp-linux-x64'),
    ]);

    const staging = stageNativeRuntime({ root: checkout.root, fetch: false });

    await expect(staging).rejects.toThrow(
      /received: @img\/sharp-linux-x64 is not installed\. Run `npm run package` once/,
    );
  });

  test('refuses modules of another version than the layer pins', async () => {
    writeNativeModules(checkout, 'node_modules', '9.9.9');

    const staging = stageNativeRuntime({ root: checkout.root, fetch: false });

    await expect(staging).rejects.toThrow('sharp is 9.9.9, layers/native-runtime pins 1.2.3');
  });

  test('fetches once where allowed, and uses the download from then on', async () => {
    const fetchModules = jest.fn(async (_source: string, folder: string) => {
      writeNativeModules(checkout, 'dist/fetched/node_modules');
      return join(folder, 'node_modules');
    });

    const fetched = await stageNativeRuntime({ root: checkout.root, fetch: true, fetchModules });
    const offline = await stageNativeRuntime({ root: checkout.root, fetch: false, fetchModules });

    expect(fetchModules).toHaveBeenCalledTimes(1);
    expect([fetched.upToDate, offline.upToDate]).toEqual([false, true]);
  });

  test('pins what the root package pins', () => {
    const layer = readJson('layers/native-runtime/package.json').dependencies;
    const layerLock = readJson('layers/native-runtime/package-lock.json').packages;
    const rootLock = readJson('package-lock.json').packages;

    const root = readJson('package.json').dependencies;
    expect(layer).toEqual({ 'onnxruntime-node': root['onnxruntime-node'], sharp: root.sharp });
    for (const name of Object.keys(NATIVE_PACKAGES)) {
      const path = `node_modules/${name}`;
      expect([name, layerLock[path].version, layerLock[path].integrity]).toEqual([
        name,
        rootLock[path].version,
        rootLock[path].integrity,
      ]);
    }
  });

  const onLinuxX64 = existsSync(join(ROOT, 'node_modules/@img/sharp-linux-x64')) ? test : test.skip;
  onLinuxX64('loads from NODE_PATH alone, within its ceiling', async () => {
    const lock = readFileSync(join(ROOT, 'layers/native-runtime/package-lock.json'));
    checkout.write('layers/native-runtime/package-lock.json', lock);

    const { files } = await stageNativeRuntime({
      root: checkout.root,
      fetch: false,
      modules: join(ROOT, 'node_modules'),
    });
    const versions = execFileSync(
      process.execPath,
      ['-p', 'JSON.stringify([require("sharp").versions.sharp, typeof require("onnxruntime-node").InferenceSession])'],
      {
        cwd: checkout.root,
        env: {
          NODE_PATH: join(distOf(checkout.root).nativeRuntimeLayer, 'nodejs/node_modules'),
          ORT_DISABLE_TELEMETRY: '1',
        },
      },
    );

    expect(JSON.parse(versions.toString())).toEqual([readJson('package.json').dependencies.sharp, 'function']);
    expect(totalBytes(files)).toBeGreaterThan(50_000_000);
    expect(totalBytes(files)).toBeLessThan(80_000_000);
  });
});
