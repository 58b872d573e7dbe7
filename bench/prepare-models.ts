import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type CompileFigures, compileCheckpoint } from './compile-checkpoint';
import type { BenchOptions } from './options';
import { MODEL_NAMES, type ModelSize, RECIPE, writeRandomCheckpoint } from './random-checkpoint';
import { prepareImages, type TestImages } from './test-images';

/** A folder that a peer needs, or why there is none. */
export type Prepared = { readonly folder: string } | { readonly skipped: string };

export interface BenchModel {
  readonly name: string;
  readonly size: ModelSize | undefined;
  readonly checkpoint: string;
  readonly bundle: string;
  /** The same with the background as one token. */
  readonly skippingBundle: string;
  /** Absent when the bundle was compiled by an earlier run. */
  readonly compiled: CompileFigures | undefined;
  readonly exported: Prepared;
  readonly openvino: Prepared;
  readonly images: TestImages;
}

/** Of the default bundle: grey levels up to it are background (docs of `--skip-background`). */
const SKIPPED_LEVEL = '8';

const PEERS = resolve(__dirname, 'peers');

/** The last words of a failed script say why. */
const lastLine = (text: string): string => text.trim().split('\n').pop()?.slice(0, 200) ?? '';

/** Files that a Python script makes, made once: `versions.json`, written last, stands for all of them. */
const runPython = (
  python: string | undefined,
  flag: string,
  folder: string,
  script: string,
  args: string[],
): Prepared => {
  if (existsSync(join(folder, 'versions.json'))) return { folder };
  if (python === undefined) return { skipped: `needs Python: ${flag}` };
  rmSync(folder, { recursive: true, force: true });
  const { status, error, stderr } = spawnSync(python, [join(PEERS, script), ...args, folder], { encoding: 'utf8' });
  if (status === 0) return { folder };
  return { skipped: `${script} failed: ${error?.message ?? lastLine(stderr)}` };
};

/** Of the Python packages that made the peers' files. */
export const toolVersions = ({ exported, openvino }: BenchModel): Record<string, string> =>
  Object.assign(
    {},
    ...[exported, openvino].flatMap((prepared) =>
      'folder' in prepared ? [JSON.parse(readFileSync(join(prepared.folder, 'versions.json'), 'utf8'))] : [],
    ),
  );

const hashOf = (...parts: (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 12);
};

/** Changes whenever a peer's files would: by the script, and by name, size and time of the weights. */
const exportKey = (checkpoint: string): string => {
  const weights = statSync(join(checkpoint, 'model.safetensors'));
  return hashOf(checkpoint, `${weights.size} ${weights.mtimeMs}`, readFileSync(join(PEERS, 'export_peers.py')));
};

/** The folder of a random checkpoint, written once. */
export const randomCheckpoint = (size: ModelSize, cache: string): string => {
  const folder = join(cache, `vit-${size}-recipe-${RECIPE}`);
  if (!existsSync(join(folder, 'model.safetensors'))) writeRandomCheckpoint(size, folder);
  return folder;
};

const prepareModel = async (
  checkpoint: string,
  size: ModelSize | undefined,
  { cache, images, python, openvinoPython, stage }: BenchOptions,
): Promise<BenchModel> => {
  const key = exportKey(checkpoint);
  const work = join(cache, `${basename(checkpoint)}-${key}`);
  mkdirSync(work, { recursive: true });
  const testImages = await prepareImages(
    join(work, images === undefined ? 'images' : 'given-images'),
    checkpoint,
    images,
  );
  const bundle = join(work, 'bundle');
  const compiled = stage === 'measure' && existsSync(bundle) ? undefined : await compileCheckpoint(checkpoint, bundle);
  const skippingBundle = join(work, 'bundle-skipping');
  if (stage !== 'measure' || !existsSync(skippingBundle)) {
    await compileCheckpoint(checkpoint, skippingBundle, ['--skip-background', SKIPPED_LEVEL]);
  }
  const exported = runPython(python, '--python', join(work, 'export'), 'export_peers.py', [checkpoint]);
  const calibrated = hashOf(readFileSync(testImages.calibration), readFileSync(join(PEERS, 'quantize_openvino.py')));
  const openvino =
    'skipped' in exported
      ? exported
      : runPython(openvinoPython, '--openvino-python', join(work, `openvino-${calibrated}`), 'quantize_openvino.py', [
          join(exported.folder, 'onnx/model.onnx'),
          join(checkpoint, 'preprocessor_config.json'),
          testImages.calibration,
        ]);
  const name = size === undefined ? basename(checkpoint) : MODEL_NAMES[size];
  return { name, size, checkpoint, bundle, skippingBundle, compiled, exported, openvino, images: testImages };
};

/** Everything the contenders load; what an earlier run left in the cache folder is used again. */
export const prepareModels = async (options: BenchOptions): Promise<BenchModel[]> => {
  mkdirSync(options.cache, { recursive: true });
  if (options.checkpoint !== undefined) return [await prepareModel(options.checkpoint, undefined, options)];
  const models: BenchModel[] = [];
  for (const size of options.models) {
    models.push(await prepareModel(randomCheckpoint(size, options.cache), size, options));
  }
  return models;
};
