import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../adapters/checkpoint-folder';
import { openBundle, openGraphSession, openModel } from '../adapters/onnx';
import { PROBE_IMAGES, type ReplaceHeadOptions, replaceHead, requireNames } from '../compiler';
import type { OpenGraphSession } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import { requireFeatures } from '../core/extract-features';
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
  const { model, out, json } = options;
  const naming = { name: options.name ?? toModelName(basename(resolve(out))), version: options.modelVersion };
  requireNames(naming);
  const { manifest } = await openBundle(model, true);
  requireFeatures(manifest);
  const scans = await readSet(set, options);
  // Refused now, not after minutes. Until the bundle is written there is nothing to remove, and Ctrl-C just ends it.
  await (await createBundleFolder(out)).abort();
  const head = await trainOn(scans, manifest, options, output);
  const trained = await write(head, { ...options, ...naming, manifest });
  if (typeof trained === 'number') return process.exit(trained);
  noteDropped(manifest, out, output);
  if (json) output.line(JSON.stringify(trained));
  else for (const line of summarizeHead(trained, out)) output.line(line);
  return EXIT.ok;
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

type Head = Pick<ReplaceHeadOptions, 'labels' | 'classifier' | 'facts' | 'images'>;

const trainOn = async (
  scans: readonly LabelledScan[],
  manifest: ModelManifest,
  { model, threads }: TrainHeadOptions,
  output: Output,
): Promise<Head> => {
  const labels = orderLabels(scans, manifest.labels);
  const { features, samples } = await runModelOn(scans, model, threads, output);
  const targets = scans.map(({ label }) => labels.indexOf(label as string));
  const subjects = numberSubjects(scans);
  if (subjects === null) {
    output.note('no subjects: scans are left out one by one, so the figures hold for people that the classifier knows');
  }
  output.note(`fitting a classifier of ${labels.length} labels to ${scans.length} scans ...`);
  const fitted = fitHead({ features, targets, labels, subjects });
  return { labels, ...fitted, images: { kind: 'scans of the set', pixels: samples } };
};

const runModelOn = async (
  scans: readonly LabelledScan[],
  folder: string,
  threads: number | undefined,
  output: Output,
): Promise<ExtractedSet> => {
  const model = await openModel(folder, { ...readSessionSettings(threads), expectedScans: scans.length });
  try {
    return await extractSet(model, scans, PROBE_IMAGES, output);
  } finally {
    await model.dispose();
  }
};

type Writing = TrainHeadOptions & { readonly name: string; readonly version: string; readonly manifest: ModelManifest };

/** @returns the manifest, or the exit code of an interruption, when nothing is left of what was written */
const write = async (head: Head, { model, out, threads, manifest, name, version }: Writing) => {
  const session = { ...readSessionSettings(threads), neverSaturates: neverSaturates(manifest) };
  const source = await openCheckpointFolder(model);
  await requireUnchanged(model, manifest);
  const sink = await createBundleFolder(out);
  const interruption = onInterruption(sink);
  const openSession: OpenGraphSession = (path, input, outputs) => openGraphSession(path, input, outputs, session);
  // What comes of files that were taken from under it is no news.
  const replacing = replaceHead({ ...head, source, manifest, sink, name, version, openSession }).catch((error) =>
    interruption.begun() ? interruption.ended : Promise.reject(error),
  );
  return Promise.race([replacing, interruption.ended]).finally(interruption.stop);
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
const requireUnchanged = async (folder: string, { digest }: ModelManifest): Promise<void> => {
  const { manifest } = await openBundle(folder, true);
  if (manifest.digest === digest) return;
  throw new SulcusError(
    'MODEL_UNAVAILABLE',
    `expected the bundle of digest ${digest} that gave the features, received ${manifest.digest}: it changed meanwhile`,
  );
};

/** What was said of the other classifier is not said of this one. */
const noteDropped = ({ calibration, card }: ModelManifest, out: string, output: Output): void => {
  if (calibration !== null) {
    output.note('the calibration was of the other classifier and is left out: fit one with "sulcus calibrate"');
  }
  if (card !== null) output.note('the model card was of the other classifier and its facts are left out');
  if (existsSync(join(out, 'README.md'))) {
    output.note('README.md in the folder of the bundle is as it was: what it says may be of the other classifier');
  }
};
