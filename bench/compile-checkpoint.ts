import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ModelManifest } from '../lib/core/model-manifest';
import { peakMegabytesOf } from './worker-process';

const LAUNCHER = resolve(__dirname, '../bin/sulcus.js');
const POLL_MS = 20;

export interface CompileFigures {
  readonly seconds: number;
  readonly peakMegabytes: number | undefined;
}

export const readManifest = (bundle: string): ModelManifest =>
  JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8'));

/**
 * `sulcus compile`, as a user runs it, in a process of its own: the seconds from start to exit, and its peak memory.
 * @throws with the compiler's own words when it fails
 */
export const compileCheckpoint = async (
  checkpoint: string,
  bundle: string,
  flags: readonly string[] = [],
): Promise<CompileFigures> => {
  if (existsSync(bundle)) rmSync(bundle, { recursive: true });
  const start = performance.now();
  const args = [LAUNCHER, 'compile', checkpoint, '--out', bundle, '--name', 'bench', ...flags];
  const child = spawn(process.execPath, args);
  let peakMegabytes: number | undefined;
  const polling = setInterval(() => {
    peakMegabytes = peakMegabytesOf(child.pid) ?? peakMegabytes;
  }, POLL_MS);
  let words = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearInterval(polling);
  if (code !== 0) throw new Error(`expected a compiled ${checkpoint}, received exit code ${code}\n${words}`);
  return { seconds: (performance.now() - start) / 1000, peakMegabytes };
};
