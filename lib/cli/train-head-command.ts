import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../adapters/checkpoint-folder';
import { openBundle, openGraphSession, openModel } from '../adapters/onnx';
import { PROBE_IMAGES, replaceHead } from '../compiler';
import type { BundleSink } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import { fitHead } from '../core/linear/fit-head';
import { type ModelManifest, neverSaturates } from '../core/model-manifest';
import { toModelName } from './compile-command';
import { type LabelledScan, readLabelledScans } from './dataset/labelled-scans';
import { parseSelector, selectScans } from './dataset/select-scans';
import { EXIT } from './exit-codes';
import { type ExtractedSet, extractSet } from './head/extract-set';
import { summarizeHead } from './head/summary';
import { onInterruption } from './interruption';
import type { Output } from './output';
import { readSessionSettings } from './session-settings';

export interface TrainHeadOptions {
  readonly model: string;
  readonly out: string;
  readonly name?: string;
  readonly modelVersion: string;
  readonly images?: string;
  readonly join?: readonly string[];
  readonly labels?: string;
  readonly subjects?: string;
  readonly split?: readonly string[];
  readonly json?: boolean;
  readonly threads?: number;
}

/**
 * `sulcus train-head`: a bundle and a labelled set in, a bundle of the same backbone with a classifier of the set's labels
 * out. On any failure nothing is left of it.
 * @throws INVALID_REQUEST for the set, MODEL_HAS_NO_FEATURES, MODEL_UNAVAILABLE, ARCHITECTURE_UNSUPPORTED, PARITY_EXCEEDED,
 * CONFIG_INVALID for `out`, name or version
 */
export const trainHeadCommand = async (set: string, options: TrainHeadOptions, output: Output): Promise<number> => {
  const { manifest } = await openBundle(options.model, true);
  requireFeatures(manifest);
  const scans = await readSet(set, options);
  const sink = await createBundleFolder(options.out);
  const interruption = onInterruption(sink);
  const training = train(scans, { ...options, manifest, sink }, output).catch(async (error) => {
    await sink.abort();
    // What comes of files that were taken from under it is no news.
    return interruption.begun() ? interruption.ended : Promise.reject(error);
  });
  const trained = await Promise.race([training, interruption.ended]).finally(interruption.stop);
  if (typeof trained === 'number') return process.exit(trained);
  if (options.json) output.line(JSON.stringify(trained));
  else for (const line of summarizeHead(trained, options.out)) output.line(line);
  return EXIT.ok;
};

/** Attention is not needed: tokens may be merged. */
const requireFeatures = ({ name, graph }: ModelManifest): void => {
  if (graph.outputs.features !== null) return;
  throw new SulcusError(
    'MODEL_HAS_NO_FEATURES',
    `expected a model that gives features, received ${name}, a bundle from before they were; compile its checkpoint again`,
  );
};

const readSet = async (set: string, options: TrainHeadOptions): Promise<readonly LabelledScan[]> => {
  const { images, join: joined, labels: labelColumn, subjects: subjectColumn } = options;
  const all = await readLabelledScans(set, { images, join: joined, labelColumn, subjectColumn });
  const { scans } = selectScans(all, (options.split ?? []).map(parseSelector));
  const labels = new Set(scans.map(({ label }) => label));
  if (labels.size >= 2) return scans;
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected scans of at least two labels to train a classifier on, received ${labels.size === 1 ? 'one' : 'none'}`,
  );
};

interface Training extends TrainHeadOptions {
  readonly manifest: ModelManifest;
  readonly sink: BundleSink;
}

const train = async (scans: readonly LabelledScan[], training: Training, output: Output): Promise<ModelManifest> => {
  const { model, manifest, sink, out, name, modelVersion, threads } = training;
  const labels = orderLabels(scans, manifest.labels);
  const { features, samples } = await runModelOn(scans, training, output);
  output.note(`fitting a classifier of ${labels.length} labels to ${scans.length} scans ...`);
  const targets = scans.map(({ label }) => labels.indexOf(label as string));
  const subjects = numberSubjects(scans);
  if (subjects === null) {
    output.note('no subjects: scans are left out one by one, so the figures hold for people that the classifier knows');
  }
  const { classifier, facts } = fitHead({ features, targets, labels, subjects });
  const session = { ...readSessionSettings(threads), neverSaturates: neverSaturates(manifest) };
  const trained = await replaceHead({
    source: await openCheckpointFolder(model),
    manifest: await requireUnchanged(model, manifest),
    sink,
    name: name ?? toModelName(basename(resolve(out))),
    version: modelVersion,
    labels,
    classifier,
    facts,
    images: { kind: 'scans of the set', pixels: samples },
    openSession: (path, input, outputs) => openGraphSession(path, input, outputs, session),
  });
  noteDropped(training, output);
  return trained;
};

const runModelOn = async (
  scans: readonly LabelledScan[],
  { model: folder, threads }: Training,
  output: Output,
): Promise<ExtractedSet> => {
  const model = await openModel(folder, { ...readSessionSettings(threads), expectedScans: scans.length });
  try {
    return await extractSet(model, scans, PROBE_IMAGES, output);
  } finally {
    await model.dispose();
  }
};

/** In the order of the model that has the same labels, else sorted. */
const orderLabels = (scans: readonly LabelledScan[], known: readonly string[]): readonly string[] => {
  const labels = [...new Set(scans.map(({ label }) => label as string))].sort((a, b) => (a < b ? -1 : 1));
  return labels.length === known.length && labels.every((label) => known.includes(label)) ? known : labels;
};

const numberSubjects = (scans: readonly LabelledScan[]): number[] | null => {
  if (scans.some(({ subject }) => subject === null)) return null;
  const numbers = new Map([...new Set(scans.map(({ subject }) => subject))].map((subject, index) => [subject, index]));
  return scans.map(({ subject }) => numbers.get(subject) as number);
};

/** The backbone that is written is the one that gave the features. */
const requireUnchanged = async (folder: string, { digest }: ModelManifest): Promise<ModelManifest> => {
  const { manifest } = await openBundle(folder, true);
  if (manifest.digest === digest) return manifest;
  throw new SulcusError(
    'MODEL_UNAVAILABLE',
    `expected the bundle of digest ${digest} that gave the features, received ${manifest.digest}: it changed meanwhile`,
  );
};

/** What was said of the other classifier is not said of this one. */
const noteDropped = ({ manifest, out }: Training, output: Output): void => {
  if (manifest.calibration !== null) {
    output.note('the calibration was of the other classifier and is left out: fit one with "sulcus calibrate"');
  }
  if (manifest.card !== null) output.note('the model card was of the other classifier and its facts are left out');
  if (existsSync(join(out, 'README.md'))) {
    output.note('README.md in the folder of the bundle is as it was: what it says may be of the other classifier');
  }
};
