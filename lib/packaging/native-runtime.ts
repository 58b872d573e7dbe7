import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyReadable, type FileEntry, listFiles } from './file-tree';
import { OPT } from './layout';

/**
 * What of each package Lambda needs on linux x64 (glibc). Everything else stays behind: onnxruntime-node alone brings
 * 288 MB for five platforms. Licences and the list of libraries inside libvips travel along.
 */
export const NATIVE_PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  'onnxruntime-node': [
    /^dist\/.*\.js$/,
    /^bin\/napi-v\d+\/linux\/x64\/(libonnxruntime\.so\.1|onnxruntime_binding\.node)$/,
  ],
  'onnxruntime-common': [/^dist\/cjs\/(.*\.js|package\.json)$/],
  sharp: [/^dist\/.*\.cjs$/],
  '@img/sharp-linux-x64': [/^index\.cjs$/, /^lib\/.*\.node$/],
  '@img/sharp-libvips-linux-x64': [/^lib\/index\.js$/, /^lib\/libvips-cpp\.so[.\d]*$/, /^versions\.json$/],
  '@img/colour': [/^(index|color)\.cjs$/],
  'detect-libc': [/^lib\/.*\.js$/],
  semver: [/^(index|preload)\.js$/, /^(classes|functions|internal|ranges)\/.*\.js$/],
};

const ALWAYS = /^(package\.json|LICENSE(\.\w+)?|README\.md)$/;

/** Binaries without which the layer would only fail at its first scan. */
const REQUIRED: readonly (readonly [string, RegExp])[] = [
  ['onnxruntime-node', /libonnxruntime\.so\.1$/],
  ['onnxruntime-node', /onnxruntime_binding\.node$/],
  ['@img/sharp-linux-x64', /\.node$/],
  ['@img/sharp-libvips-linux-x64', /libvips-cpp\.so/],
];

/** True for a file of a package that belongs into the layer; `path` uses `/`. */
export const isKept = (packageName: string, path: string): boolean =>
  ALWAYS.test(path) || (NATIVE_PACKAGES[packageName] ?? []).some((pattern) => pattern.test(path));

export interface NativePackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly files: readonly FileEntry[];
}

/** npm may nest a package below its dependent when the tree holds another version of it. */
const readPackage = async (modules: string, name: string): Promise<NativePackage | undefined> => {
  for (const place of [`sharp/node_modules/${name}`, `onnxruntime-node/node_modules/${name}`, name]) {
    const folder = join(modules, place);
    const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (manifest === undefined) continue;
    const { version } = JSON.parse(manifest) as { version: string };
    const files = (await listFiles(folder)).filter((file) => isKept(name, file.path));
    return { name, version, folder, files };
  }
  return undefined;
};

/** Package name to version, as pinned by the lockfile of layers/native-runtime. */
const readPins = async (lockFile: string): Promise<ReadonlyMap<string, string>> => {
  const lock = JSON.parse(await readFile(lockFile, 'utf8')) as { packages: Record<string, { version?: string }> };
  const pins = new Map<string, string>();
  for (const [path, { version }] of Object.entries(lock.packages)) {
    if (version !== undefined) pins.set(path.replace(/^node_modules\//, ''), version);
  }
  return pins;
};

export interface NativeSource {
  readonly packages: readonly NativePackage[];
  /** What is absent or of another version than pinned; empty when the folder can be staged from. */
  readonly problems: readonly string[];
}

/**
 * Looks into a node_modules folder for the linux x64 modules of the layer.
 * @param modules the node_modules folder
 * @param lockFile package-lock.json of layers/native-runtime, which pins them
 */
export const inspectNativeModules = async (modules: string, lockFile: string): Promise<NativeSource> => {
  const pins = await readPins(lockFile);
  const packages: NativePackage[] = [];
  const problems: string[] = [];
  for (const name of Object.keys(NATIVE_PACKAGES)) {
    const found = await readPackage(modules, name);
    if (found === undefined) problems.push(`${name} is not installed`);
    else if (found.version !== pins.get(name)) {
      problems.push(`${name} is ${found.version}, layers/native-runtime pins ${pins.get(name) ?? 'no version'}`);
    } else packages.push(found);
  }
  for (const [name, pattern] of REQUIRED) {
    const found = packages.find((candidate) => candidate.name === name);
    if (found !== undefined && !found.files.some((file) => pattern.test(file.path))) {
      problems.push(`${name} lacks its linux x64 binary (${pattern.source})`);
    }
  }
  return { packages, problems };
};

/** The stage key: what is copied, by package version, path and size. */
export const nativeKey = (packages: readonly NativePackage[]): string =>
  packages
    .flatMap(({ name, version, files }) => files.map((file) => `${name}@${version} ${file.path} ${file.sizeBytes}`))
    .join('\n');

/** Copies the kept files so that `require` finds them at /opt/nodejs/node_modules. */
export const fillNativeRuntime = async (folder: string, packages: readonly NativePackage[]): Promise<void> => {
  for (const { name, folder: from, files } of packages) {
    for (const { path } of files) await copyReadable(join(from, path), join(folder, OPT.modules, name, path));
  }
};
