import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSulcusError, SulcusError } from '../core/errors';
import { bundleFunction } from './bundle-function';
import { type Lockfile, packagesOf, restrictSbom, type Sbom } from './bundled-packages';
import { FUNCTIONS } from './layout';
import { NATIVE_PACKAGES } from './native-runtime';

/**
 * `npm run sbom`: npm's CycloneDX document of the lockfile, for each function restricted to what its
 * bundle and its native modules really carry, as dist/sbom/<function>.cdx.json. The base image has packages of its own,
 * which npm does not know; libvips lists what it is made of in its versions.json.
 */
const root = resolve(__dirname, '../..');
const folder = join(root, 'dist', 'sbom');

/**
 * Of the lockfile, so that it is the same on every platform; with what only development needs, as --omit=dev leaves out
 * packages that both need.
 */
const listLocked = (): Sbom => {
  try {
    const text = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'ignore'],
      // npm is a .cmd file on Windows, which only a shell starts; the arguments are constants.
      shell: process.platform === 'win32',
    });
    return JSON.parse(text) as Sbom;
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', 'expected a document of `npm sbom`, received none', { cause });
  }
};

const main = async (): Promise<void> => {
  const whole = listLocked();
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  const native = Object.keys(NATIVE_PACKAGES).map((name) => `node_modules/${name}/`);
  mkdirSync(folder, { recursive: true });
  for (const plan of FUNCTIONS) {
    const { metafile } = await bundleFunction(root, plan);
    const paths = [...Object.keys(metafile.inputs), ...(plan.native.length > 0 ? native : [])];
    const sbom = restrictSbom(whole, plan.name, packagesOf(paths, lock));
    const path = join(folder, `${plan.name}.cdx.json`);
    writeFileSync(path, `${JSON.stringify(sbom, null, 2)}\n`);
    console.log(`${path}: ${sbom.components.length} of ${whole.components.length} packages`);
  }
};

main().catch((error: unknown) => {
  if (!isSulcusError(error)) throw error;
  console.error(`sbom: ${error.message}`);
  process.exitCode = 1;
});
