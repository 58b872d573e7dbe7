import { createImageDecoder } from '../adapters/image';
import { openModel } from '../adapters/onnx';
import type { FeaturesResult, ScanError } from '../core/contract';
import { NOTICE } from '../core/contract';
import { extractFeatures, requireFeatures } from '../core/extract-features';
import type { RunModelDeps } from '../core/run-model';
import { findFiles } from './find-files';
import type { Output } from './output';
import { readScan, rejectionOf, reportScans } from './scan-files';
import { readSessionSettings } from './session-settings';

type Extracted = Omit<FeaturesResult, 'schemaVersion' | 'notice'>;

/** One line of `sulcus features --json`: the API's answer, null where a file was rejected. */
export type FileFeatures = {
  readonly file: string;
  readonly state: 'extracted' | 'rejected';
  readonly error: ScanError | null;
  readonly notice: string;
} & { readonly [Field in keyof Extracted]: Extracted[Field] | null };

export interface FeaturesOptions {
  readonly model: string;
  readonly json?: boolean;
  readonly attention?: boolean;
  readonly threads?: number;
}

/** `sulcus features`. @throws MODEL_HAS_NO_FEATURES before any file is read */
export const featuresCommand = async (
  paths: readonly string[],
  { model: folder, json, attention = false, threads }: FeaturesOptions,
  output: Output,
): Promise<number> => {
  const files = await findFiles(paths);
  const session = { ...readSessionSettings(threads), expectedScans: files.length };
  const model = await openModel(folder, { ...session, verify: true });
  try {
    requireFeatures(model.manifest, { attention });
    const deps: RunModelDeps = { decoder: createImageDecoder(), model: async () => model };
    const header = ['FILE', 'FEATURES', 'FIRST FOUR'];
    const extract = (file: string) => extractFile(deps, file, attention);
    return await reportScans(files, extract, { json, header, toRow }, output);
  } finally {
    await model.dispose();
  }
};

const toRow = ({ file, features }: FileFeatures): string[] => {
  const values = features ?? [];
  const first = values.slice(0, 4).map((value) => value.toFixed(4));
  return [file, String(values.length), `${first.join(' ')} ...`];
};

const NOTHING = {
  features: null,
  featuresBase64: null,
  pooled: null,
  pooledBase64: null,
  attention: null,
  model: null,
  timings: null,
};

const extractFile = async (deps: RunModelDeps, file: string, attention: boolean): Promise<FileFeatures> => {
  try {
    const { schemaVersion, notice, ...extracted } = await extractFeatures(deps, await readScan(file), { attention });
    return { file, state: 'extracted', ...extracted, error: null, notice };
  } catch (error) {
    return { file, state: 'rejected', ...NOTHING, error: rejectionOf(error), notice: NOTICE };
  }
};
