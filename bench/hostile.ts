import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorBody, ScanResult } from '../lib/core/contract';
import { LIMITS } from '../lib/topology';
import { SAMPLE_SCAN } from '../test/fixtures';
import { hostileImages } from '../test/support/hostile-images';
import { type LocalServer, startServer, withTemporaryFolder } from './local-server';

/**
 * `npm run bench:hostile`: every broken or hostile file through the HTTP API and through the scan folder of a real
 * server: what it answers, how long it takes, whether the next scan is unaffected, and the server's peak memory (Linux).
 */
const WITHIN_MS = 10_000;

const peakMegabytes = ({ process: { pid } }: LocalServer): number =>
  process.platform === 'linux'
    ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
    : Number.NaN;

const post = async ({ url, apiKey }: LocalServer, body: Uint8Array): Promise<string> => {
  const headers = { 'x-api-key': apiKey, 'content-type': 'image/png' };
  const response = await fetch(`${url}/v1/classify`, {
    method: 'POST',
    headers,
    body: body as Uint8Array<ArrayBuffer>,
  });
  const answer = (await response.json()) as ScanResult | ErrorBody;
  return 'state' in answer ? answer.state : `${response.status} ${answer.error?.code}`;
};

const drop = async (server: LocalServer, name: string, bytes: Uint8Array): Promise<string> => {
  writeFileSync(join(server.scanFolder, name), bytes);
  for (;;) {
    const [item] = await server.list(`key=${encodeURIComponent(name)}`);
    if (item) return item.error === null ? item.state : `${item.state} ${item.error.code}`;
    await delay(50);
  }
};

const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const start = performance.now();
  return [await work(), performance.now() - start];
};

const main = async (folder: string): Promise<void> => {
  const server = await startServer(folder);
  const sample = readFileSync(SAMPLE_SCAN.png);
  let bad = 0;
  console.log('| input | bytes | API | ms | scan folder | ms |\n|---|---|---|---|---|---|');
  for (const [index, { name, fileName, bytes, expect }] of hostileImages.entries()) {
    const input = bytes();
    const [answer, answerMs] = await timed(() => post(server, input));
    const [fate, fateMs] = await timed(() => drop(server, `${index}-${fileName}`, input));
    const next = await post(server, sample);
    const tooLarge = input.length > LIMITS.apiImageBytes;
    const fine =
      (expect === 'classified' && !tooLarge ? answer === 'classified' : /^4\d\d /.test(answer)) &&
      (expect === 'classified' ? fate === 'classified' : fate === `rejected ${expect}`) &&
      next === 'classified' &&
      Math.max(answerMs, fateMs) < WITHIN_MS;
    if (!fine) bad += 1;
    const figures = [input.length, answer, Math.round(answerMs), fate, Math.round(fateMs)];
    console.log(`| ${[name, ...figures].join(' | ')} |${fine ? '' : '  <-- NOT AS EXPECTED'}`);
  }
  console.log(
    `\n${hostileImages.length} inputs, ${bad} not as expected; server's peak memory ${peakMegabytes(server).toFixed(0)} MB`,
  );
  await server.stop();
  process.exitCode = bad === 0 ? 0 : 1;
};

withTemporaryFolder(main).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
