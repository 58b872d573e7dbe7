import { createImageDecoder } from '../adapters/image';
import { openModel } from '../adapters/onnx';
import type { ClassifyScanDeps } from '../core/classify-scan';
import { classifyScan, requireLabels } from '../core/classify-scan';
import type { ScanResult } from '../core/contract';
import { NOTICE } from '../core/contract';
import { findFiles } from './find-files';
import type { Output } from './output';
import { readScan, rejectionOf, reportScans } from './scan-files';
import { readSessionSettings } from './session-settings';

/** One line of `sulcus classify --json`: the API's result fields that a local file can have. */
export type FileResult = { readonly file: string } & Pick<
  ScanResult,
  'state' | 'label' | 'score' | 'scores' | 'abstained' | 'abstainReason' | 'model' | 'timings' | 'error' | 'notice'
>;

export interface ClassifyOptions {
  readonly model: string;
  readonly json?: boolean;
  readonly threads?: number;
}

/** `sulcus classify`. @throws MODEL_HAS_NO_LABELS before any file is read */
export const classifyCommand = async (
  paths: readonly string[],
  { model: folder, json, threads }: ClassifyOptions,
  output: Output,
): Promise<number> => {
  const files = await findFiles(paths);
  const session = { ...readSessionSettings(threads), expectedScans: files.length };
  const model = await openModel(folder, { ...session, verify: true });
  try {
    requireLabels(model.manifest);
    const deps: ClassifyScanDeps = { decoder: createImageDecoder(), model: async () => model };
    const abstains = model.manifest.calibration !== null;
    const header = ['FILE', 'PREDICTED LABEL', 'SCORE', ...(abstains ? ['ABSTAINED'] : [])];
    return await reportScans(files, (file) => classifyFile(deps, file), { json, header, toRow }, output);
  } finally {
    await model.dispose();
  }
};

const toRow = ({ file, label, score, abstainReason }: FileResult): string[] => [
  file,
  label ?? '',
  score?.toFixed(4) ?? '',
  abstainReason ?? '',
];

const classifyFile = async (deps: ClassifyScanDeps, file: string): Promise<FileResult> => {
  try {
    const { label, score, scores, abstainReason, model, timings } = await classifyScan(deps, await readScan(file));
    return {
      file,
      state: 'classified',
      label,
      score,
      scores: [...scores],
      abstained: abstainReason !== null,
      abstainReason,
      model,
      timings,
      error: null,
      notice: NOTICE,
    };
  } catch (error) {
    const nothing = { label: null, score: null, scores: [], model: null, timings: null };
    const abstaining = { abstained: false, abstainReason: null };
    return { file, state: 'rejected', ...nothing, ...abstaining, error: rejectionOf(error), notice: NOTICE };
  }
};
