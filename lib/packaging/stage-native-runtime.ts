import { join } from 'node:path';
import { SulcusError } from '../core/errors';
import { assertCeiling, NATIVE_RUNTIME_CEILING_BYTES } from './ceilings';
import { fetchNativeModules } from './fetch-native';
import { distOf } from './layout';
import { fillNativeRuntime, inspectNativeModules, type NativeSource, nativeKey } from './native-runtime';
import { type Staged, stage } from './stage';

export interface NativeRuntimeOptions {
  readonly root: string;
  /** Whether npm may be asked for linux x64 modules when this machine's own are for another platform. */
  readonly fetch: boolean;
  /** @default this checkout's node_modules */
  readonly modules?: string;
  /** @default npm ci into dist/fetched */
  readonly fetchModules?: (layerSource: string, folder: string) => Promise<string>;
}

const findSource = async (options: NativeRuntimeOptions, layerSource: string): Promise<NativeSource> => {
  const { root, fetch, modules = join(root, 'node_modules'), fetchModules = fetchNativeModules } = options;
  const lockFile = join(layerSource, 'package-lock.json');
  const installed = await inspectNativeModules(modules, lockFile);
  if (installed.problems.length === 0) return installed;

  const { fetched } = distOf(root);
  const earlier = await inspectNativeModules(join(fetched, 'node_modules'), lockFile);
  if (earlier.problems.length === 0) return earlier;
  if (!fetch) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected linux x64 modules for the native-runtime layer in node_modules, received: ${installed.problems.join('; ')}. ` +
        'Run `npm run package` once: it fetches them with npm (no Docker) and keeps them in dist/fetched.',
    );
  }
  const downloaded = await inspectNativeModules(await fetchModules(layerSource, fetched), lockFile);
  if (downloaded.problems.length === 0) return downloaded;
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected npm to install what the native-runtime layer needs, received: ${downloaded.problems.join('; ')}`,
  );
};

/**
 * Stages dist/layers/native-runtime: from node_modules on linux x64, from an earlier or (with `fetch`) a new npm
 * download elsewhere.
 * @throws CONFIG_INVALID when the modules are not there, or over the ceiling
 */
export const stageNativeRuntime = async (options: NativeRuntimeOptions): Promise<Staged> => {
  const dist = distOf(options.root);
  const { packages } = await findSource(options, join(options.root, 'layers', 'native-runtime'));
  const staged = await stage({
    target: dist.nativeRuntimeLayer,
    stamps: dist.stamps,
    key: nativeKey(packages),
    fill: (folder) => fillNativeRuntime(folder, packages),
  });
  assertCeiling(
    { name: 'the native-runtime layer', files: staged.files },
    NATIVE_RUNTIME_CEILING_BYTES,
    'measured at 67 MB; more means that another platform came along',
  );
  return staged;
};
