import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Bundle, openBundle, openModel } from '../adapters/onnx';
import type { Calibration, CalibrationFile } from '../core/calibration/calibration-schema';
import type { AbstainRule } from '../core/calibration/choose-threshold';
import { fitCalibration } from '../core/calibration/fit-calibration';
import { type FittedGate, fitGate, LEAST_SCANS } from '../core/calibration/fit-gate';
import { encodeSpace } from '../core/calibration/normal-space';
import { readCalibration } from '../core/calibration/parse-calibration';
import { requireLabels } from '../core/classify-scan';
import { SulcusError } from '../core/errors';
import type { ModelManifest } from '../core/model-manifest';
import { type LogitTable, readLogits, writeLogits } from './calibration/logit-table';
import { type RunScan, runScans } from './calibration/run-scans';
import { summarizeCalibration } from './calibration/summary';
import { type FittedFile, writeCalibrated } from './calibration/write-calibrated';
import { type LabelledScan, readLabelledScans, requireKnownLabels } from './dataset/labelled-scans';
import { parseSelector, selectScans } from './dataset/select-scans';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { readSessionSettings } from './session-settings';

export interface CalibrateOptions {
  readonly model: string;
  readonly out: string;
  /** CSV of logits to fit on instead of the set's own. */
  readonly logits?: string;
  /** Calibration of another bundle of the same labels, taken as it is. */
  readonly apply?: string;
  readonly images?: string;
  readonly join?: readonly string[];
  readonly labels?: string;
  readonly subjects?: string;
  readonly split?: readonly string[];
  readonly source?: string;
  readonly rule: AbstainRule;
  readonly minMargin: number;
  readonly bias: 'auto' | 'never' | 'always';
  /** False leaves the input gate out. */
  readonly gate: boolean;
  /** CSV to write the set's logits to, in the form that `logits` takes. */
  readonly writeLogits?: string;
  readonly json?: boolean;
  readonly threads?: number;
}

/**
 * `sulcus calibrate`: a bundle in, the same with a calibration out. A labelled set gives logits and the input gate's
 * statistics; with `--logits` those are fitted on and the set, if any, gives the statistics alone. Without a set large
 * enough the bundle keeps the gate it has.
 * @throws INVALID_REQUEST, MODEL_HAS_NO_LABELS, MODEL_UNAVAILABLE, CONFIG_INVALID
 */
export const calibrateCommand = async (
  set: string | undefined,
  options: CalibrateOptions,
  output: Output,
): Promise<number> => {
  const { model, out, apply, json } = options;
  const fitted =
    apply === undefined
      ? await fitFile(set, options, output)
      : { file: await readCalibrationFile(apply), fittedOn: null };
  const manifest = await writeCalibrated(model, out, fitted);
  if (json) output.line(JSON.stringify(manifest));
  else for (const line of summarizeCalibration(manifest, out)) output.line(line);
  return EXIT.ok;
};

const readCalibrationFile = async (path: string): Promise<CalibrationFile> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', `expected a readable file for --apply, received ${path}`, { cause });
  }
  return readCalibration(text);
};

const fitFile = async (set: string | undefined, options: CalibrateOptions, output: Output): Promise<FittedFile> => {
  const bundle = await openBundle(options.model, true);
  const { manifest } = bundle;
  requireLabels(manifest);
  const table = options.logits === undefined ? null : await readLogits(options.logits, manifest);
  if (set === undefined && table === null) {
    throw new SulcusError('INVALID_REQUEST', 'expected a labelled set, --logits or --apply, received none');
  }
  const scans = set === undefined ? [] : await readSet(set, options, manifest, table === null);
  const runs = scans.length === 0 ? [] : await runModelOn(scans, options, output);
  const logits = table ?? toTable(scans, runs, manifest);
  if (options.writeLogits !== undefined)
    await writeLogits(options.writeLogits, toTable(scans, runs, manifest), manifest);
  const source = options.source ?? `${basename(options.logits ?? set ?? '')}`;
  if (logits.subjects === null) {
    output.note('no subjects: every scan counts as its own, so the figures hold for people that the network knows');
  }
  const { activation, labels } = manifest;
  const subjects = logits.subjects === null ? null : toNumbers(logits.subjects);
  const { rule, minMargin: margin, bias } = options;
  const fitted = fitCalibration({ ...logits, labels, activation, subjects, source }, { rule, margin, bias });
  const gate = options.gate ? (fitGateOn(scans, runs, output) ?? gateOf(bundle)) : null;
  if (options.gate && gate === null) output.note('no input gate: whatever comes is classified');
  return { file: toFile(fitted, gate), fittedOn: manifest.digest };
};

const gateOf = ({ manifest, gate }: Bundle): FittedGate | null =>
  gate === null || manifest.calibration?.gate == null ? null : { gate: manifest.calibration.gate, statistics: gate };

const readSet = async (
  set: string,
  options: CalibrateOptions,
  manifest: ModelManifest,
  fitsLogits: boolean,
): Promise<readonly LabelledScan[]> => {
  const { images, join, labels: labelColumn, subjects: subjectColumn } = options;
  // What is under none of a sigmoid's labels is worth knowing too; statistics need no labels at all.
  const requireLabels = fitsLogits && manifest.activation === 'softmax';
  const all = await readLabelledScans(set, { images, join, labelColumn, subjectColumn, requireLabels });
  const { scans } = selectScans(all, (options.split ?? []).map(parseSelector));
  if (fitsLogits) requireKnownLabels(scans, manifest.labels);
  return scans;
};

const runModelOn = async (
  scans: readonly LabelledScan[],
  { model: folder, threads }: CalibrateOptions,
  output: Output,
): Promise<RunScan[]> => {
  const model = await openModel(folder, { ...readSessionSettings(threads), expectedScans: scans.length });
  try {
    return await runScans(model, scans, output);
  } finally {
    await model.dispose();
  }
};

const toTable = (scans: readonly LabelledScan[], runs: readonly RunScan[], { labels }: ModelManifest): LogitTable => ({
  logits: runs.map(({ logits }) => logits),
  targets: scans.map(({ label }) => (label === null ? null : labels.indexOf(label))),
  subjects: subjectsOf(scans),
});

const subjectsOf = (scans: readonly LabelledScan[]): string[] | null => {
  const subjects = scans.flatMap(({ subject }) => subject ?? []);
  return subjects.length === scans.length ? subjects : null;
};

const toNumbers = (names: readonly string[]): number[] => {
  const numbers = new Map([...new Set(names)].map((name, index) => [name, index]));
  return names.map((name) => numbers.get(name) ?? 0);
};

const fitGateOn = (scans: readonly LabelledScan[], runs: readonly RunScan[], output: Output): FittedGate | null => {
  const gateScans = runs.flatMap(({ gate }) => (gate === null ? [] : [gate]));
  if (runs.length === 0) return null;
  if (gateScans.length < LEAST_SCANS) {
    const reason = gateScans.length === 0 ? 'a model with features' : `at least ${LEAST_SCANS} scans`;
    output.note(`an input gate takes ${reason}: none is fitted`);
    return null;
  }
  const subjects = toNumbers(subjectsOf(scans) ?? scans.map(({ position }) => String(position)));
  return fitGate(gateScans, subjects, toNumbers(scans.map(({ label }) => label ?? '')));
};

const toFile = (fitted: Omit<Calibration, 'gate'>, gate: FittedGate | null): CalibrationFile => ({
  schemaVersion: 1,
  calibration: { ...fitted, gate: gate?.gate ?? null },
  statistics:
    gate === null
      ? null
      : { features: encodeSpace(gate.statistics.features), pixels: encodeSpace(gate.statistics.pixels) },
});
