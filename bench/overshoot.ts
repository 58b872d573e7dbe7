import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { UsageReport } from '../lib/core/contract';
import { type LocalServer, startServer, withTemporaryFolder } from './local-server';
import { describeMachine } from './machine';
import { renderTable } from './report';

/**
 * `npm run bench:overshoot`: how many scans more than its limit a key gets out of requests that come all at once. The
 * product's own server in a process of its own, HTTP on the loopback interface, the limits' real table adapter.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000' },
    quota: { type: 'string', default: '100' },
    rate: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
  },
});
const REQUESTS = Number(values.requests);
const LAUNCHER = resolve(__dirname, '../bin/sulcus.js');
const IMAGE = resolve(__dirname, '../test/fixtures/icbm152-axial.png');

const createKey = (dataFolder: string, ...limits: string[]): string => {
  const args = [LAUNCHER, 'keys', 'create', 'overshoot', '--data-dir', dataFolder, '--json', ...limits];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })).key;
};

interface Answers {
  readonly admitted: number;
  readonly refused: number;
  readonly withoutRetryAfter: number;
  readonly other: number;
  readonly seconds: number;
}

/** Sends all requests before it waits for an answer. */
const askAtOnce = async (
  { url }: LocalServer,
  key: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Answers> => {
  const headers = { 'x-api-key': key, 'content-type': path === '/v1/scans' ? 'application/json' : 'image/png' };
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body });
      await answer.arrayBuffer();
      return answer;
    }),
  );
  const refused = answers.filter(({ status }) => status === 429);
  return {
    admitted: answers.filter(({ ok }) => ok).length,
    refused: refused.length,
    withoutRetryAfter: refused.filter(({ headers }) => !(Number(headers.get('retry-after')) > 0)).length,
    other: answers.filter(({ ok, status }) => !ok && status !== 429).length,
    seconds: (performance.now() - start) / 1000,
  };
};

const counted = async ({ url }: LocalServer, key: string): Promise<UsageReport> =>
  (await (await fetch(`${url}/v1/usage`, { headers: { 'x-api-key': key } })).json()) as UsageReport;

const row = (what: string, limit: number, answers: Answers, usage: UsageReport): string[] => [
  what,
  String(limit),
  String(answers.admitted),
  `${((Math.max(0, answers.admitted - limit) / limit) * 100).toFixed(2)} %`,
  String(answers.refused),
  String(answers.withoutRetryAfter),
  String(answers.other),
  String(usage.totals.scans),
  answers.seconds.toFixed(1),
];

const HEAD = ['limit on', 'limit', 'admitted', 'overshoot', '429', 'no Retry-After', 'other', 'counted', 'seconds'];

/** A minute that has enough left for the requests to fall into it. */
const earlyInMinute = async (): Promise<void> => {
  const elapsed = Date.now() % 60_000;
  if (elapsed > 20_000) await new Promise((done) => setTimeout(done, 60_050 - elapsed));
};

const main = async (folder: string): Promise<void> => {
  const server = await startServer(folder);
  const image = new Uint8Array(readFileSync(IMAGE));
  const rows: string[][] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const quota = Number(values.quota);
    const scanning = createKey(folder, '--quota', values.quota);
    const scanned = await askAtOnce(server, scanning, '/v1/classify', image);
    rows.push(row('quota, POST /v1/classify', quota, scanned, await counted(server, scanning)));

    const announcing = createKey(folder, '--quota', values.quota);
    const announced = await askAtOnce(server, announcing, '/v1/scans', '{}');
    rows.push(row('quota, POST /v1/scans', quota, announced, await counted(server, announcing)));

    const hurrying = createKey(folder, '--rate', `${values.rate}/m`);
    await earlyInMinute();
    const hurried = await askAtOnce(server, hurrying, '/v1/classify?store=false', image);
    rows.push(row('rate a minute, POST /v1/classify', Number(values.rate), hurried, await counted(server, hurrying)));
  }
  await server.stop();
  const { cpu, vcpus } = describeMachine();
  console.log(`${cpu}, ${vcpus} vCPU, Node ${process.version}; ${REQUESTS} requests at once, on dynalite\n`);
  for (const line of renderTable([HEAD, ...rows])) console.log(line);
};

withTemporaryFolder(main).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
