import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleFunction } from '../../lib/packaging/bundle-function';
import { distOf, FUNCTIONS, type FunctionPlan } from '../../lib/packaging/layout';
import { type Checkout, createCheckout } from './checkout';

const PLAN: FunctionPlan = { name: 'authorize', native: [], ceilingBytes: 10_000, reason: 'small' };

let checkout: Checkout;
beforeEach(() => {
  checkout = createCheckout();
});
afterEach(() => checkout.remove());

const writeHandler = (source: string) => checkout.write('functions/authorize/handler.ts', source);
const writePackage = (name: string) => checkout.write(`node_modules/${name}/index.js`, 'module.exports = () => 1;');

describe('a bundle', () => {
  test('is one CommonJS file that answers with the handler, and its source map', async () => {
    writeHandler("import { readFileSync } from 'node:fs';\nexport const handler = () => typeof readFileSync;\n");

    const { files } = await bundleFunction(checkout.root, PLAN);

    const folder = distOf(checkout.root).functions('authorize');
    expect(files.map((file) => file.path)).toEqual(['index.js', 'index.js.map']);
    expect(require(join(folder, 'index.js')).handler()).toBe('function');
    expect(JSON.parse(readFileSync(join(folder, 'index.js.map'), 'utf8')).sources).toEqual([
      '../../../functions/authorize/handler.ts',
    ]);
  });

  test.each(['aws-cdk-lib', 'dynalite', 'tsx', 'esbuild', 'commander', '@hono/node-server'])(
    'never holds %s',
    async (name) => {
      writePackage(name);
      writeHandler(`import tool from '${name}';\nexport const handler = () => tool();\n`);

      const bundling = bundleFunction(checkout.root, PLAN);

      await expect(bundling).rejects.toThrow(
        `expected only what a request needs in the bundle of authorize, received node_modules/${name}/index.js`,
      );
    },
  );

  test.each(['lib/compiler', 'lib/local', 'lib/cli', 'lib/stacks', 'test/support'])(
    'never holds %s',
    async (folder) => {
      checkout.write(`${folder}/tool.ts`, 'export const tool = () => 1;\n');
      writeHandler(`import { tool } from '../../${folder}/tool';\nexport const handler = () => tool();\n`);

      const bundling = bundleFunction(checkout.root, PLAN);

      await expect(bundling).rejects.toThrow(`received ${folder}/tool.ts`);
    },
  );

  test('never carries a native module: the layer does, or the function has none', async () => {
    writePackage('sharp');
    writeHandler("import sharp from 'sharp';\nexport const handler = () => sharp();\n");

    const carried = await bundleFunction(checkout.root, PLAN).catch((error: Error) => error.message);
    const required = await bundleFunction(checkout.root, { ...PLAN, native: ['sharp'] });

    expect(carried).toContain('received node_modules/sharp/index.js');
    expect(Object.keys(required.metafile.inputs)).toEqual(['functions/authorize/handler.ts']);
  });

  test('names the file it cannot read', async () => {
    writeHandler("import { gone } from './gone';\nexport const handler = gone;\n");

    const bundling = bundleFunction(checkout.root, PLAN);

    await expect(bundling).rejects.toThrow(/expected functions\/authorize to bundle.*\.\/gone/s);
  });

  test('stays below its ceiling, with the reason when it does not', async () => {
    writeHandler(`export const handler = () => '${'x'.repeat(10_000)}';\n`);

    const bundling = bundleFunction(checkout.root, PLAN);

    await expect(bundling).rejects.toThrow(
      'expected at most 0.01 MB for the bundle of authorize (small), received 0.01 MB',
    );
  });

  test('leaves native modules to layers only where images are classified', () => {
    const withNative = FUNCTIONS.filter((plan) => plan.native.length > 0).map((plan) => plan.name);

    expect(withNative).toEqual(['classify-api', 'classify-upload', 'backfill-scans']);
  });
});

describe('the functions of this checkout', () => {
  const ROOT = resolve(__dirname, '../..');

  test.each(FUNCTIONS)('$name bundles within its ceiling, without tools or other languages', async (plan) => {
    const { metafile } = await bundleFunction(ROOT, plan, join(checkout.root, plan.name));

    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => /locales\/(?!en\.js|index\.js)/.test(path))).toEqual([]);
    expect(inputs).toContain(`functions/${plan.name}/handler.ts`);
    const exported = execFileSync(process.execPath, ['-p', "typeof require('./index.js').handler"], {
      cwd: join(checkout.root, plan.name),
      env: { NODE_PATH: plan.native.length > 0 ? join(ROOT, 'node_modules') : '' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(exported.toString()).toBe('function\n');
  });

  test('without a model carry neither image nor inference code, and describe no AWS client', async () => {
    const inputsOf = async (name: string) => {
      const plan = FUNCTIONS.find((candidate) => candidate.name === name)!;
      const { metafile } = await bundleFunction(ROOT, plan, join(checkout.root, name));
      return Object.keys(metafile.inputs);
    };

    const authorize = await inputsOf('authorize');
    const describeInputs = await inputsOf('describe');

    const heavy = /^lib\/adapters\/(image|onnx)\//;
    expect([...authorize, ...describeInputs].filter((path) => heavy.test(path))).toEqual([]);
    expect(authorize.filter((path) => path.includes('client-s3') || path.includes('node_modules/hono/'))).toEqual([]);
    expect(describeInputs.filter((path) => path.includes('node_modules/@aws-sdk/'))).toEqual([]);
  });
});
