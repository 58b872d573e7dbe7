#!/usr/bin/env node
// Runs before `npm start`, `npm test` and the like: installs from the lockfile when that is not yet done. Plain Node,
// because nothing is installed yet. A hand-run `npm ci` counts as done, and so does `npm ci --omit=dev` for `npm start`.
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const withoutDev = process.argv.includes('--omit=dev');

const readJson = (...parts) => JSON.parse(readFileSync(join(root, ...parts), 'utf8'));

/** True when every package of the lockfile is there in its version; npm leaves out only optional ones (other platforms). */
const isInstalled = () => {
  // npm writes this file last, so an interrupted install has none.
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const present = readJson('node_modules', '.package-lock.json').packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional ||
      entry.devOptional ||
      (withoutDev && entry.dev) ||
      (present[path]?.version === entry.version && existsSync(join(root, path))),
  );
};

const install = () => {
  // `npm ci` starts from an empty node_modules; on one that is there (say, of a running `npm start`) only add what lacks.
  const verb = existsSync(join(root, 'node_modules')) ? ['install', '--no-save'] : ['ci'];
  const args = [...verb, '--no-audit', '--no-fund', '--loglevel=error', ...(withoutDev ? ['--omit=dev'] : [])];
  process.stderr.write(`sulcus: installing dependencies from the lockfile (npm ${verb[0]}) ...\n`);
  const npm = process.env.npm_execpath;
  const [command, prefix] = npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  const { status, error } = spawnSync(command, [...prefix, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
    // ONNX Runtime's install script would fetch CUDA libraries: off here too, for an npm that ignores .npmrc's entry.
    env: { ...process.env, npm_config_onnxruntime_node_install: 'skip', ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (error || status !== 0) {
    process.stderr.write(
      `sulcus: expected npm to install the lockfile's packages, received ${error ?? `exit code ${status}`}\n`,
    );
    process.exit(1);
  }
};

if (!isInstalled()) install();
