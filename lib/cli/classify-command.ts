import { readFile, stat } from 'node:fs/promises';
import { createImageDecoder } from '../adapters/image';
import { openModel } from '../adapters/onnx';
import type { ClassifyScanDeps } from '../core/classify-scan';
import { classifyScan } from '../core/classify-scan';
import type { ScanResult } from '../core/contract';
import { NOTICE } from '../core/contract';
import { isSulcusError, SulcusError, toSulcusError } from '../core/errors';
import { LIMITS } from '../topology';
import { EXIT } from './exit-codes';
import { findFiles } from './find-files';
import type { Output } from './output';
import { renderTable } from './output';
import { readSessionSettings } from './session-settings';

/** One line of `sulcus classify --json`: the API's result fields that a local file can have. */
export type FileResult = { readonly file: string } & Pick<
  ScanResult,
  'state' | 'label' | 'score' | 'scores' | 'model' | 'timings' | 'error' | 'notice'
>;

export interface ClassifyOptions {
  readonly model: string;
  readonly json?: boolean;
  readonly threads?: number;
}

/** Decoding the next file on sharp's threads while the model runs; more would only hold more pixels in memory. */
const FILES_AT_ONCE = 2;

export const classifyCommand = async (
  paths: readonly string[],
  options: ClassifyOptions,
  output: Output,
): Promise<number> => {
  const files = await findFiles(paths);
  const session = { ...readSessionSettings(options.threads), expectedScans: files.length };
  const model = await openModel(options.model, { ...session, verify: true });
  try {
    const deps: ClassifyScanDeps = { decoder: createImageDecoder(), model: async () => model };
    const bar = output.progress(files.length);
    const rows: string[][] = [];
    let unclassified = 0;
    for await (const result of inOrder(files, (file) => classifyFile(deps, file))) {
      bar.advance();
      if (result.state !== 'classified') unclassified += 1;
      if (options.json) output.line(JSON.stringify(result));
      else rows.push(toRow(result));
    }
    bar.stop();
    if (!options.json) {
      for (const line of renderTable([['FILE', 'PREDICTED LABEL', 'SCORE'], ...rows])) output.line(line);
      output.note(NOTICE);
    }
    return unclassified > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    await model.dispose();
  }
};

const toRow = ({ file, label, score, error }: FileResult): string[] =>
  error === null ? [file, label ?? '', score?.toFixed(4) ?? ''] : [file, `rejected: ${error.code}`, error.message];

const classifyFile = async (deps: ClassifyScanDeps, file: string): Promise<FileResult> => {
  try {
    const { label, score, scores, model, timings } = await classifyScan(deps, await readScan(file));
    return {
      file,
      state: 'classified',
      label,
      score,
      scores: [...scores],
      model,
      timings,
      error: null,
      notice: NOTICE,
    };
  } catch (error) {
    if (!isSulcusError(error) || error.retryable) throw error;
    const { code, message } = error;
    const nothing = { label: null, score: null, scores: [], model: null, timings: null };
    return { file, state: 'rejected', ...nothing, error: { code, message }, notice: NOTICE };
  }
};

const readScan = async (file: string): Promise<Uint8Array> => {
  try {
    const { size } = await stat(file);
    if (size <= LIMITS.uploadBytes) return await readFile(file);
    throw new SulcusError('IMAGE_TOO_LARGE', `expected at most ${LIMITS.uploadBytes} bytes, received ${size}`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'an unreadable one';
    throw toSulcusError(error, 'SCAN_NOT_FOUND', `expected a readable file, received ${reason}`);
  }
};

/** Results in the order of the inputs, a few at work at once. */
async function* inOrder<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): AsyncGenerator<Out> {
  const running: Promise<Out>[] = [];
  let next = 0;
  const startNext = () => {
    const input = inputs[next++];
    if (input === undefined) return;
    const result = work(input);
    // Awaited in turn below; a failure that comes before its turn must not count as unhandled meanwhile.
    result.catch(() => {});
    running.push(result);
  };
  while (running.length < FILES_AT_ONCE && next < inputs.length) startNext();
  while (running.length > 0) {
    const result = await running.shift();
    startNext();
    yield result as Out;
  }
}
