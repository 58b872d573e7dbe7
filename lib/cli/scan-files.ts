import { readFile, stat } from 'node:fs/promises';
import { NOTICE, type ScanError } from '../core/contract';
import { isSulcusError, SulcusError, toSulcusError } from '../core/errors';
import { LIMITS } from '../topology';
import { EXIT } from './exit-codes';
import { type Output, renderTable } from './output';

/**
 * The bytes of a scan's file.
 * @throws IMAGE_TOO_LARGE over what an upload may have, SCAN_NOT_FOUND when it cannot be read
 */
export const readScan = async (file: string): Promise<Uint8Array> => {
  try {
    const { size } = await stat(file);
    if (size <= LIMITS.uploadBytes) return await readFile(file);
    throw new SulcusError('IMAGE_TOO_LARGE', `expected at most ${LIMITS.uploadBytes} bytes, received ${size}`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'an unreadable one';
    throw toSulcusError(error, 'SCAN_NOT_FOUND', `expected a readable file, received ${reason}`);
  }
};

/** Decoding the next file on sharp's threads while the model runs; more would only hold more pixels in memory. */
const FILES_AT_ONCE = 2;

/** Results in the order of the inputs, a few at work at once. */
export async function* inOrder<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): AsyncGenerator<Out> {
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

/** Why a file was rejected; failures that are not the file's are thrown on. */
export const rejectionOf = (error: unknown): ScanError => {
  if (!isSulcusError(error) || error.retryable) throw error;
  return { code: error.code, message: error.message };
};

interface FileOutcome {
  readonly file: string;
  /** Null unless rejected. */
  readonly error: ScanError | null;
}

export interface ScanReport<Outcome extends FileOutcome> {
  /** One JSON result a line instead of a table. */
  readonly json?: boolean;
  readonly header: readonly string[];
  readonly toRow: (outcome: Outcome) => string[];
}

/** Works through files and prints what became of each, in their order. @returns the exit code: failed if one was rejected */
export const reportScans = async <Outcome extends FileOutcome>(
  files: readonly string[],
  work: (file: string) => Promise<Outcome>,
  { json, header, toRow }: ScanReport<Outcome>,
  output: Output,
): Promise<number> => {
  const bar = output.progress(files.length);
  const rows: string[][] = [];
  let rejected = 0;
  for await (const outcome of inOrder(files, work)) {
    bar.advance();
    const { file, error } = outcome;
    if (error !== null) rejected += 1;
    if (json) output.line(JSON.stringify(outcome));
    else rows.push(error === null ? toRow(outcome) : [file, `rejected: ${error.code}`, error.message]);
  }
  bar.stop();
  if (!json) {
    for (const line of renderTable([[...header], ...rows])) output.line(line);
    output.note(NOTICE);
  }
  return rejected > 0 ? EXIT.failed : EXIT.ok;
};
