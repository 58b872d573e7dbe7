import { basename, resolve } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../adapters/checkpoint-folder';
import { openGraphSession } from '../adapters/onnx';
import { type CompileStep, compileModel } from '../compiler';
import type { BundleSink } from '../core/compiler-ports';
import type { ModelManifest } from '../core/model-manifest';
import { EXIT } from './exit-codes';
import type { Output } from './output';

export interface CompileCommandOptions {
  readonly out: string;
  readonly name?: string;
  readonly modelVersion: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const STEPS: Record<CompileStep, string> = {
  read: 'reading the checkpoint',
  quantize: 'quantizing to int8',
  reference: 'writing the fp32 reference',
  verify: 'comparing int8 with fp32',
  done: 'done',
};

/** `sulcus compile`: a checkpoint folder in, a model bundle out; on any failure nothing is left of the bundle. */
export const compileCommand = async (
  checkpoint: string,
  { out, name, modelVersion, force, json }: CompileCommandOptions,
  output: Output,
): Promise<number> => {
  const start = performance.now();
  const source = await openCheckpointFolder(checkpoint);
  const sink = await createBundleFolder(out);
  const interruption = onInterruption(sink);
  const compiling = compileModel({
    source,
    sink,
    name: name ?? toModelName(basename(resolve(checkpoint))),
    version: modelVersion,
    openSession: openGraphSession,
    force,
    report: (step) => step === 'done' || output.note(`${STEPS[step]} ...`),
  });
  // What the compiler says of files that were taken from under it is no news.
  const compiled = compiling.catch((error) => (interruption.begun() ? interruption.ended : Promise.reject(error)));
  const manifest = await Promise.race([compiled, interruption.ended]);
  if (typeof manifest === 'number') return process.exit(manifest);
  if (json) output.line(JSON.stringify(manifest));
  else for (const line of summarize(manifest, out, (performance.now() - start) / 1000)) output.line(line);
  return EXIT.ok;
};

interface Interruption {
  readonly begun: () => boolean;
  /** The exit code, once a signal came and all that was written is removed. */
  readonly ended: Promise<number>;
}

/** Ctrl-C leaves no half-written bundle behind either. */
const onInterruption = (sink: BundleSink): Interruption => {
  let begun = false;
  const ended = new Promise<number>((done) => {
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.once(signal, () => {
        begun = true;
        done(sink.abort().then(() => exitCode));
      });
    }
  });
  return { begun: () => begun, ended };
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
  return [
    `${name} ${version}  ${labels.length} labels, ${megabytes.toFixed(1)} MB, compiled in ${seconds.toFixed(1)} s`,
    digest,
    `against fp32 on ${parity.images} images: mean logit difference ${parity.meanLogitDifference.toPrecision(3)}, ` +
      `max ${parity.maxLogitDifference.toPrecision(3)} (bound ${parity.bound.toPrecision(3)}${parity.exceeded ? ', EXCEEDED' : ''}), ` +
      `same top label on ${Math.round(parity.top1Agreement * parity.images)}`,
    `wrote ${out}`,
  ];
};
