import { cpSync, existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScanResult } from '../lib/core/contract';
import type { LocalServer } from './local-server';
import { startServer, withTemporaryFolder } from './local-server';

/**
 * `npm run bench:dataset -- <folder with scans.csv> [every nth]`: every labelled slice through the HTTP API and through the scan
 * folder of one server; prints throughput, accuracy as measured, and whether both ways gave the same labels.
 */
const dataset = resolve(process.argv[2] ?? '../shared/data/alzheimer-mri');
/** 1 for all slices, n for every nth. */
const every = Number(process.argv[3] ?? 1);
const REQUESTS_AT_ONCE = 4;

interface Slice {
  readonly file: string;
  readonly label: string;
}

const readSlices = (): Slice[] =>
  readFileSync(join(dataset, 'scans.csv'), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))
    .map(([file = '', label = '']) => ({ file, label }))
    .filter((_, index) => index % every === 0);

const throughApi = async (server: LocalServer, slices: readonly Slice[]): Promise<Map<string, ScanResult>> => {
  const results = new Map<string, ScanResult>();
  const queue = [...slices];
  const worker = async () => {
    for (let slice = queue.pop(); slice !== undefined; slice = queue.pop()) {
      const body = readFileSync(join(dataset, slice.file));
      const response = await server.call('/v1/classify', {
        method: 'POST',
        body,
        headers: { 'content-type': 'image/jpeg' },
      });
      results.set(slice.file, (await response.json()) as ScanResult);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  return results;
};

/** A few keys to wait for: listing thousands of results again and again would be most of the server's work. */
const PROBES = 40;

const throughFolder = async (server: LocalServer, slices: readonly Slice[]): Promise<Map<string, ScanResult>> => {
  for (const { file } of slices) cpSync(join(dataset, file), join(server.scanFolder, file));
  const step = Math.max(1, Math.floor(slices.length / PROBES));
  for (const { file } of slices.filter((_, index) => index % step === 0)) {
    while ((await server.list(`key=${encodeURIComponent(file)}`)).length === 0) await delay(500);
  }
  for (;;) {
    const uploads = (await server.list()).filter((item) => item.source.kind === 'upload');
    if (uploads.length === slices.length) return new Map(uploads.map((item) => [item.source.key ?? '', item]));
    await delay(1000);
  }
};

const report = (name: string, slices: readonly Slice[], results: Map<string, ScanResult>, startedAt: number): void => {
  const seconds = (performance.now() - startedAt) / 1000;
  const right = slices.filter(({ file, label }) => results.get(file)?.label === label).length;
  const rate = (slices.length / seconds).toFixed(1);
  console.log(
    `| ${name} | ${results.size} | ${seconds.toFixed(1)} | ${rate} | ${(right / slices.length).toFixed(4)} |`,
  );
};

const main = async (folder: string): Promise<void> => {
  const slices = readSlices();
  const server = await startServer(folder);
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} vCPU, Node ${process.version}\n`);
  console.log('| path | results | seconds | scans/s | agreement with the labels |\n|---|---|---|---|---|');
  const apiStart = performance.now();
  const fromApi = await throughApi(server, slices);
  report('HTTP API', slices, fromApi, apiStart);
  const folderStart = performance.now();
  const fromFolder = await throughFolder(server, slices);
  report('scan folder', slices, fromFolder, folderStart);
  const different = slices.filter(({ file }) => fromApi.get(file)?.label !== fromFolder.get(file)?.label);
  console.log(`\nlabels that differ between the two ways: ${different.length}`);
  await server.stop();
  process.exitCode = different.length === 0 && fromFolder.size === slices.length ? 0 : 1;
};

if (!existsSync(join(dataset, 'scans.csv'))) {
  console.log(`skipped: expected a folder with scans.csv, received ${process.argv[2] ?? 'none'}`);
} else {
  withTemporaryFolder(main).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
