import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { writeTinyBundle } from '../../support/tiny-bundle';

const root = resolve(__dirname, '../../..');

/** A process of its own: in this one the library is loaded already. */
const SCRIPT = `
  require('tsx/cjs');
  const { openModel } = require('./lib/adapters/onnx');
  (async () => {
    const model = await openModel(process.argv[1], { threads: 1 });
    await model.run({ pixels: new Uint8Array(32 * 32 * 3) }, ['logits']);
    await model.dispose();
  })();
`;

test('opening and running a model leaves no telemetry files in the home folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sulcus-telemetry-'));
  const home = join(folder, 'home');
  await mkdir(home);
  await writeTinyBundle(join(folder, 'bundle'));
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...environment } = process.env;

  await promisify(execFile)(process.execPath, ['-e', SCRIPT, join(folder, 'bundle')], {
    cwd: root,
    env: { ...environment, HOME: home, USERPROFILE: home, LOCALAPPDATA: home, TSX_DISABLE_CACHE: '1' },
  });

  expect(await readdir(home, { recursive: true })).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
