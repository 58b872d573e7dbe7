import { spawn } from 'node:child_process';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SulcusError } from '../core/errors';

/** Pins what Lambda runs on, whatever this machine is. Install scripts would download CUDA libraries. */
export const NPM_ARGUMENTS = [
  'ci',
  '--os=linux',
  '--cpu=x64',
  '--libc=glibc',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
] as const;

const runNpm = (folder: string): Promise<number | null> =>
  new Promise((resolve, reject) => {
    // npm is a .cmd file on Windows, which only a shell starts; the arguments are constants.
    const child = spawn('npm', [...NPM_ARGUMENTS], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    });
    child.once('error', reject);
    child.once('exit', resolve);
  });

/**
 * Installs layers/native-runtime for linux x64 into a folder of its own: the only step of the build that uses the
 * network, and only where this machine's own modules are for another platform.
 * @returns the node_modules folder
 * @throws CONFIG_INVALID when npm fails; its own output says why
 */
export const fetchNativeModules = async (layerSource: string, folder: string): Promise<string> => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    await copyFile(join(layerSource, name), join(folder, name));
  }
  const code = await runNpm(folder);
  if (code !== 0) {
    throw new SulcusError('CONFIG_INVALID', `expected npm to install the native modules, received exit code ${code}`);
  }
  return join(folder, 'node_modules');
};
