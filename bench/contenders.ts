import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { ENGLISH_ONLY } from '../lib/packaging/bundle-function';
import { readManifest } from './compile-checkpoint';
import type { BenchOptions } from './options';
import type { BenchModel } from './prepare-models';
import type { Launch } from './worker-process';

export type ContenderId =
  | 'sulcus'
  | 'sulcus-cold'
  | 'sulcus-skipping'
  | 'transformers-q8'
  | 'transformers-fp32'
  | 'ort-dynamic'
  | 'openvino-int8';

export const CONTENDER_NAMES: Readonly<Record<ContenderId, string>> = {
  sulcus: 'Sulcus int8',
  'sulcus-cold': 'Sulcus int8, weights not prepacked',
  'sulcus-skipping': 'Sulcus int8, background as one token',
  'transformers-q8': 'transformers.js q8',
  'transformers-fp32': 'transformers.js fp32',
  'ort-dynamic': 'ONNX Runtime quantize_dynamic',
  'openvino-int8': 'OpenVINO int8 (NNCF)',
};

export type Contender = { readonly id: ContenderId } & (
  | { readonly skipped: string }
  | { readonly launch: Launch; readonly fileMegabytes: number }
);

const ROOT = resolve(__dirname, '..');
const WORKERS = join(__dirname, 'workers');
const TRANSFORMERS = join(__dirname, 'node_modules/@huggingface/transformers/package.json');

const megabytes = (...files: string[]): number => files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;

/** Our worker as one CommonJS file, as the functions are deployed: TypeScript compiled at start would count as cold start. */
export const bundleWorker = async (folder: string): Promise<string> => {
  const outfile = join(folder, 'sulcus-worker.cjs');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['bench/workers/sulcus.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node', 'sharp'],
    plugins: [ENGLISH_ONLY],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'error',
  });
  return outfile;
};

const bundleFiles = (bundle: string): string[] =>
  readdirSync(join(bundle, 'onnx')).map((file) => join(bundle, 'onnx', file));

interface Situation {
  readonly model: BenchModel;
  readonly threads: number;
  readonly worker: string;
  readonly options: BenchOptions;
}

const settingsOf = ({ model, threads }: Situation) => {
  const { imageSize } = readManifest(model.bundle);
  return {
    threads,
    image: model.images.timed[0]?.file ?? '',
    size: [imageSize.height, imageSize.width],
    processor: JSON.parse(readFileSync(join(model.checkpoint, 'preprocessor_config.json'), 'utf8')),
  };
};

const sulcus = (id: 'sulcus' | 'sulcus-cold' | 'sulcus-skipping', situation: Situation): Contender => {
  const { bundle, skippingBundle } = situation.model;
  const model = id === 'sulcus-skipping' ? skippingBundle : bundle;
  const settings = { ...settingsOf(situation), model, prepack: id !== 'sulcus-cold' };
  return {
    id,
    launch: {
      command: process.execPath,
      args: [situation.worker, JSON.stringify(settings)],
      // As in a Lambda function: the bundled file finds the native packages through NODE_PATH.
      env: { NODE_PATH: join(ROOT, 'node_modules') },
    },
    fileMegabytes: megabytes(...bundleFiles(model)),
  };
};

/** One of the exported files in a Node worker. */
const exported = (
  id: 'transformers-q8' | 'transformers-fp32' | 'ort-dynamic',
  situation: Situation,
  file: string,
  extra: object,
): Contender => {
  const { model } = situation;
  if ('skipped' in model.exported) return { id, skipped: model.exported.skipped };
  const isPipeline = id !== 'ort-dynamic';
  if (isPipeline && !existsSync(TRANSFORMERS)) return { id, skipped: 'needs npm ci in bench/' };
  const graph = join(model.exported.folder, 'onnx', file);
  const settings = { ...settingsOf(situation), model: isPipeline ? model.exported.folder : graph, ...extra };
  const worker = join(WORKERS, isPipeline ? 'transformers-js.mjs' : 'onnxruntime.mjs');
  return {
    id,
    launch: { command: process.execPath, args: [worker, JSON.stringify(settings)] },
    fileMegabytes: megabytes(graph),
  };
};

const openvino = (situation: Situation): Contender => {
  const { model, options } = situation;
  const id = 'openvino-int8';
  if ('skipped' in model.openvino) return { id, skipped: model.openvino.skipped };
  if (options.openvinoPython === undefined) return { id, skipped: 'needs Python: --openvino-python' };
  const graph = join(model.openvino.folder, 'model.xml');
  const settings = { ...settingsOf(situation), model: graph, cache: join(model.openvino.folder, 'compiled') };
  return {
    id,
    launch: { command: options.openvinoPython, args: [join(WORKERS, 'openvino_worker.py'), JSON.stringify(settings)] },
    fileMegabytes: megabytes(graph, join(model.openvino.folder, 'model.bin')),
  };
};

/** All rows of one model at one number of threads, in the order of the table. */
export const contendersOf = (situation: Situation): Contender[] => [
  sulcus('sulcus', situation),
  sulcus('sulcus-cold', situation),
  sulcus('sulcus-skipping', situation),
  exported('transformers-q8', situation, 'model_quantized.onnx', { dtype: 'q8' }),
  exported('transformers-fp32', situation, 'model.onnx', { dtype: 'fp32' }),
  exported('ort-dynamic', situation, 'model_dynamic.onnx', {}),
  openvino(situation),
];

/** The plain fp32 export in ONNX Runtime: what every contender's logits are compared with. */
export const referenceOf = (situation: Situation): Contender => exported('ort-dynamic', situation, 'model.onnx', {});
