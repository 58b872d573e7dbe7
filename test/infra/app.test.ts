import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNPINNED_IMAGE } from '../../lib/packaging/base-image';
import { distOf, FUNCTIONS, OPT } from '../../lib/packaging/layout';
import { type DockerImage, context as flags, ROOT } from './synthesize';

/** Runs the command of cdk.json as the CDK CLI does. */
const runApp = (context: Record<string, unknown>, root = ROOT, output?: string) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    cwd: root,
    env: {
      ...process.env,
      CDK_CONTEXT_JSON: JSON.stringify({ ...flags, ...context }),
      ...(output && { CDK_OUTDIR: output }),
    },
    encoding: 'utf8',
  });

test('a wrong setting ends the app with one plain line each', () => {
  const { status, stderr } = runApp({ packaging: 'zip', destroyData: 'maybe' });

  expect(status).toBe(1);
  expect(stderr).toBe(
    'sulcus: expected image or layers for -c packaging, received "zip"\n' +
      'sulcus: expected true or false for -c destroyData, received "maybe"\n',
  );
});

describe('a model larger than what Lambda unzips', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'sulcus-app-'));
    mkdirSync(join(root, 'bin'));
    for (const name of ['bin/app.ts', 'sulcus.config.ts']) copyFileSync(join(ROOT, name), join(root, name));
    for (const name of ['lib', 'node_modules', 'package.json', 'tsconfig.json']) {
      symlinkSync(join(ROOT, name), join(root, name));
    }
    const dist = distOf(root);
    const functions = FUNCTIONS.map(({ name }) => dist.functions(name));
    for (const folder of [...functions, dist.nativeRuntimeLayer, dist.modelLayer, dist.image]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, folder === dist.image ? 'Dockerfile' : 'index.js'),
        'ARG BASE_IMAGE=base.example/nodejs:24\n',
      );
    }
    mkdirSync(join(dist.modelLayer, OPT.model));
    writeFileSync(
      join(dist.modelLayer, OPT.model, 'manifest.json'),
      JSON.stringify({ name: 'large', version: '1', digest: 'sha256:0' }),
    );
    writeFileSync(join(dist.modelLayer, 'weights'), '');
    truncateSync(join(dist.modelLayer, 'weights'), 343_000_000);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('is refused for packaging=layers, with its size', () => {
    const { status, stderr } = runApp({ packaging: 'layers' }, root, join(root, 'layers.out'));

    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^sulcus: expected at most 262\.14 MB .* received 343\.00 MB: .* model layer 343\.00 MB\. Use -c packaging=image.*\n$/,
    );
  });

  test('is carried by packaging=image', () => {
    const { status, stderr } = runApp({ packaging: 'image' }, root, join(root, 'image.out'));

    expect([status, stderr]).toEqual([0, '']);
    expect(
      readdirSync(join(root, 'image.out'))
        .filter((name) => name.endsWith('.template.json'))
        .sort(),
    ).toEqual(
      ['SulcusApi', 'SulcusData', 'SulcusEvents', 'SulcusIngest', 'SulcusObservability'].map(
        (name) => `${name}.template.json`,
      ),
    );
  });

  test('builds from nothing while nobody has pinned the base image, so that a deployment fails', () => {
    const output = join(root, 'unpinned.out');
    runApp({ packaging: 'image' }, root, output);

    const { dockerImages } = JSON.parse(readFileSync(join(output, 'SulcusApi.assets.json'), 'utf8'));
    const [image] = Object.values(dockerImages) as DockerImage[];
    expect(image?.source.dockerBuildArgs).toEqual({ BASE_IMAGE: UNPINNED_IMAGE });
  });

  test('fails where the deploy step cannot look the digest up', () => {
    mkdirSync(join(root, 'functions/classify-api'), { recursive: true });
    writeFileSync(
      join(root, 'functions/classify-api/Dockerfile'),
      // A port that nothing listens on.
      'ARG BASE_IMAGE=127.0.0.1:9/nodejs:24\n',
    );

    const { status, stderr } = runApp({ packaging: 'image', pinBase: 'true' }, root, join(root, 'pin.out'));

    expect(status).toBe(1);
    expect(stderr).toMatch(/^sulcus: expected 127\.0\.0\.1:9 to give the digest of nodejs:24, received no answer\./);
  });
});
