import { basename, resolve } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../adapters/checkpoint-folder';
import { openGraphSession } from '../adapters/onnx';
import { type CompileOptions, type CompileStep, compileModel } from '../compiler';
import type { ModelManifest } from '../core/model-manifest';
import { EXIT } from './exit-codes';
import { onInterruption } from './interruption';
import type { Output } from './output';
import { readProbeFolder } from './probe-folder';
import { readSessionSettings } from './session-settings';

export interface CompileCommandOptions {
  readonly out: string;
  readonly name?: string;
  readonly modelVersion: string;
  readonly quantize?: CompileOptions['quantize'];
  readonly imageSize?: CompileOptions['imageSize'];
  readonly skipBackground?: number;
  readonly mergeTokens?: number;
  /** Folder of images to verify on. */
  readonly calibrate?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const STEPS: Record<Exclude<CompileStep, 'done'>, (scheme: string) => string> = {
  read: () => 'reading the checkpoint',
  write: (scheme) => `writing the ${scheme} graph`,
  reference: () => 'writing the fp32 reference',
  verify: (scheme) => (scheme === 'fp32' ? 'running it' : `comparing ${scheme} with fp32`),
};

/** `sulcus compile`: a checkpoint folder in, a model bundle out; on any failure nothing is left of the bundle. */
export const compileCommand = async (
  checkpoint: string,
  options: CompileCommandOptions,
  output: Output,
): Promise<number> => {
  const {
    out,
    name,
    modelVersion,
    quantize = 'int8',
    imageSize,
    skipBackground,
    mergeTokens,
    calibrate,
    force,
    json,
  } = options;
  const start = performance.now();
  const session = readSessionSettings();
  const source = await openCheckpointFolder(checkpoint);
  const sink = await createBundleFolder(out);
  const interruption = onInterruption(sink);
  const compiling = compileModel({
    source,
    sink,
    name: name ?? toModelName(basename(resolve(checkpoint))),
    version: modelVersion,
    openSession: (path, input, outputs, graph) => openGraphSession(path, input, outputs, { ...session, ...graph }),
    quantize,
    imageSize,
    skipBackground,
    mergeTokens,
    images: calibrate === undefined ? undefined : (processor) => readProbeFolder(calibrate, processor),
    force,
    report: (step) => step === 'done' || output.note(`${STEPS[step](quantize)} ...`),
  });
  // What the compiler says of files that were taken from under it is no news.
  const compiled = compiling.catch((error) => (interruption.begun() ? interruption.ended : Promise.reject(error)));
  const manifest = await Promise.race([compiled, interruption.ended]).finally(interruption.stop);
  if (typeof manifest === 'number') return process.exit(manifest);
  if (json) output.line(JSON.stringify(manifest));
  else for (const line of summarize(manifest, out, (performance.now() - start) / 1000)) output.line(line);
  return EXIT.ok;
};

/** A folder's name as a model name: `[a-z0-9._-]+`, at most 128 characters. */
export const toModelName = (folder: string): string =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 128);

const summarize = (manifest: ModelManifest, out: string, seconds: number): string[] => {
  const { name, version, digest, labels, parity, files } = manifest;
  const megabytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6;
  const gives = labels.length > 0 ? `${labels.length} labels` : 'features only';
  return [
    `${name} ${version}  ${gives}, ${megabytes.toFixed(1)} MB, compiled in ${seconds.toFixed(1)} s`,
    digest,
    parity.reference.startsWith('itself')
      ? `ran on ${parity.images} images (${parity.imageKind})`
      : `against fp32 on ${parity.images} images (${parity.imageKind}): ${summarizeParity(parity)}`,
    `wrote ${out}`,
  ];
};

const summarizeParity = (parity: ModelManifest['parity']): string => {
  const { images, maxLogitDifference, meanLogitDifference, top1Agreement, clsCosine, bound, exceeded } = parity;
  const limit = `(bound ${bound.toPrecision(3)}${exceeded ? ', EXCEEDED' : ''})`;
  const cosine = `cosine of features at least ${clsCosine?.toFixed(4)}`;
  if (maxLogitDifference === null || meanLogitDifference === null || top1Agreement === null)
    return `${cosine} ${limit}`;
  return (
    `mean logit difference ${meanLogitDifference.toPrecision(3)}, max ${maxLogitDifference.toPrecision(3)} ${limit}, ` +
    `same top label on ${Math.round(top1Agreement * images)}, ${cosine}`
  );
};
