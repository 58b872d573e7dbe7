import { createImageDecoder } from '../adapters/image';
import { openBundle, openModel } from '../adapters/onnx';
import { type ClassifyScanDeps, classifyScan, requireLabels } from '../core/classify-scan';
import { NOTICE } from '../core/contract';
import { SulcusError } from '../core/errors';
import { evaluatePeople, evaluateScans } from '../core/metrics/evaluation';
import type { ScoredScan } from '../core/metrics/scored-scan';
import type { ModelManifest } from '../core/model-manifest';
import { readLogits } from './calibration/logit-table';
import { chooseContrast } from './dataset/contrast';
import { type LabelledScan, readLabelledScans, requireKnownLabels } from './dataset/labelled-scans';
import { parseSelector, type Selection, selectScans } from './dataset/select-scans';
import { renderMarkdown } from './evaluation/markdown';
import { definitionsOf, type EvaluationReport, type FailedScan } from './evaluation/report';
import { inLabelOrder, scoreLogits } from './evaluation/score-logits';
import { writeReport } from './evaluation/write-report';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { inOrder, readScan, rejectionOf } from './scan-files';
import { readSessionSettings } from './session-settings';

export interface EvaluateOptions {
  readonly model: string;
  /** CSV of logits to score instead of a set's pictures. */
  readonly logits?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly images?: string;
  readonly join?: readonly string[];
  readonly labels?: string;
  readonly subjects?: string;
  readonly split?: readonly string[];
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
  readonly bootstrap: number;
  readonly seed: number;
  readonly threads?: number;
}

/**
 * `sulcus evaluate`: a labelled set through the product's own path, or logits as the bundle would serve them.
 * @returns the exit code: failed when a scan could not be evaluated
 * @throws INVALID_REQUEST for a set that cannot be evaluated as a whole, MODEL_HAS_NO_LABELS
 */
export const evaluateCommand = async (
  set: string | undefined,
  options: EvaluateOptions,
  output: Output,
): Promise<number> => {
  const { logits } = options;
  if ((set === undefined) === (logits === undefined)) {
    const received = set === undefined ? 'neither' : 'both';
    throw new SulcusError('INVALID_REQUEST', `expected a labelled set or --logits, received ${received}`);
  }
  const report =
    logits === undefined ? await evaluateSet(set as string, options, output) : await evaluateLogits(logits, options);
  if (options.out !== undefined) await writeReport(options.out, report);
  if (options.json) output.line(JSON.stringify(report));
  else for (const line of renderMarkdown(report)) output.line(line);
  if (options.out !== undefined) output.note(`wrote ${options.out}`);
  return report.data.failed.length > 0 ? EXIT.failed : EXIT.ok;
};

const evaluateSet = async (path: string, options: EvaluateOptions, output: Output): Promise<EvaluationReport> => {
  const { images, join, labels: labelColumn, subjects: subjectColumn } = options;
  const all = await readLabelledScans(path, { images, join, labelColumn, subjectColumn });
  const selectors = (options.split ?? []).map(parseSelector);
  const selection = selectScans(all, selectors);
  const session = { ...readSessionSettings(options.threads), expectedScans: selection.scans.length };
  const model = await openModel(options.model, { ...session, verify: true });
  try {
    const { manifest } = model;
    requireLabels(manifest);
    requireKnownLabels(selection.scans, manifest.labels);
    const contrast = chooseContrast(manifest.labels, options);
    const deps: ClassifyScanDeps = { decoder: createImageDecoder(), model: async () => model };
    const outcomes = await classifyAll(deps, selection.scans, manifest.labels, output);
    return assemble(manifest, { ...selection, source: 'scans' }, outcomes, { ...options, contrast });
  } finally {
    await model.dispose();
  }
};

const evaluateLogits = async (path: string, options: EvaluateOptions): Promise<EvaluationReport> => {
  const { manifest } = await openBundle(options.model, true);
  requireLabels(manifest);
  const contrast = chooseContrast(manifest.labels, options);
  const scored = scoreLogits(await readLogits(path, manifest), manifest);
  const selection = { scans: scored, subjectDisjoint: null, sharedSubjects: 0, source: 'logits' } as const;
  return assemble(manifest, selection, { scored, failed: [] }, { ...options, split: [], contrast });
};

interface Outcomes {
  readonly scored: readonly ScoredScan[];
  readonly failed: readonly FailedScan[];
}

const classifyAll = async (
  deps: ClassifyScanDeps,
  scans: readonly LabelledScan[],
  labels: readonly string[],
  output: Output,
): Promise<Outcomes> => {
  const bar = output.progress(scans.length);
  const scored: ScoredScan[] = [];
  const failed: FailedScan[] = [];
  for await (const outcome of inOrder(scans, (scan) => classifyOne(deps, scan, labels))) {
    bar.advance();
    if ('failure' in outcome) {
      failed.push(outcome.failure);
      output.note(`failed: ${outcome.file} (${outcome.failure.code}: ${outcome.failure.message})`);
    } else scored.push(outcome);
  }
  bar.stop();
  if (scored.length > 0) return { scored, failed };
  throw new SulcusError('INVALID_REQUEST', `expected scans that can be read, received ${failed.length} that cannot`);
};

const classifyOne = async (
  deps: ClassifyScanDeps,
  { file, label, subject, position, row }: LabelledScan,
  labels: readonly string[],
): Promise<ScoredScan | { readonly file: string; readonly failure: FailedScan }> => {
  try {
    const classification = await classifyScan(deps, await readScan(file));
    return {
      truth: labels.indexOf(label as string),
      ...inLabelOrder(classification.scores, labels),
      subject,
      abstainReason: classification.abstainReason,
    };
  } catch (error) {
    return { file, failure: { position, row, ...rejectionOf(error) } };
  }
};

/** What was selected, and what of it was scored. */
interface Evaluated extends Pick<Selection, 'subjectDisjoint' | 'sharedSubjects'> {
  readonly scans: readonly unknown[];
  readonly source: EvaluationReport['data']['source'];
}

type AssembleOptions = Pick<EvaluateOptions, 'split' | 'bootstrap' | 'seed'> & Pick<EvaluationReport, 'contrast'>;

const assemble = (
  manifest: ModelManifest,
  { scans, subjectDisjoint, sharedSubjects, source }: Evaluated,
  { scored, failed }: Outcomes,
  { split = [], bootstrap: replicates, seed, contrast }: AssembleOptions,
): EvaluationReport => {
  const { name, version, digest, labels, activation, quantization } = manifest;
  const hasSubjects = scored.every(({ subject }) => subject !== null);
  const by = hasSubjects ? 'subject' : 'scan';
  const evaluation = { labels, activation, contrast, replicates, seed };
  return {
    schemaVersion: 1,
    model: { name, version, digest, labels, quantization: quantization.scheme },
    data: {
      source,
      scans: scans.length,
      evaluated: scored.length,
      failed,
      perLabel: Object.fromEntries(
        labels.map((label, index) => [label, scored.filter(({ truth }) => truth === index).length]),
      ),
      subjects: hasSubjects ? new Set(scored.map(({ subject }) => subject)).size : null,
      selected: split,
      subjectDisjoint,
      sharedSubjects,
    },
    definitions: definitionsOf(activation, by),
    bootstrap: { by, replicates, seed },
    contrast,
    ...evaluateScans(scored, evaluation),
    people: hasSubjects ? evaluatePeople(scored, evaluation) : null,
    notice: NOTICE,
  };
};
