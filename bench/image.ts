import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { FileResult } from '../lib/cli/classify-command';
import type { ScanResult } from '../lib/core/contract';
import { ENV } from '../lib/topology';
import { SAMPLE_SCAN } from '../test/fixtures';
import { gatewayEvent } from '../test/functions/gateway-events';
import { openTestTable, type TestTable } from '../test/support/dynalite';
import { sqsEvent, sqsRecord } from '../test/support/s3-messages';
import { tinyScan } from '../test/support/tiny-scan';
import { type Container, describeImage, startContainer } from './container';
import { countResults } from './count-results';
import { describeMachine } from './machine';
import { statsOf } from './report';
import { openRuntimeApi, type RuntimeApi } from './runtime-api';

/**
 * `npm run bench:image`: the images in podman, as Lambda runs them: their runtime's own client against a Runtime API, one
 * vCPU, a read-only root, no CPU list under /sys. Cold starts, scans one after another, memory; then one scan below
 * AWS's emulator. Anything that is not as it must be ends with exit code 1.
 */
const { values } = parseArgs({
  options: {
    api: { type: 'string', default: 'localhost/sulcus-classify-api' },
    upload: { type: 'string', default: 'localhost/sulcus-classify-upload' },
    base: { type: 'string', default: 'the base' },
    scans: { type: 'string', default: '1000' },
    cold: { type: 'string', default: '5' },
    port: { type: 'string', default: '9180' },
    json: { type: 'string' },
  },
});

/** What every image must fit in: unpacked, with its base. */
const CEILING_BYTES = 350_000_000;
/** One scan in so many is the sample, the others are small and all different. */
const SAMPLE_EVERY = 4;

interface Gateway {
  readonly statusCode: number;
  readonly body: string;
}

const expect = (what: string, received: unknown, expected: unknown): void => {
  if (JSON.stringify(received) === JSON.stringify(expected)) return;
  throw new Error(`expected ${JSON.stringify(expected)} for ${what}, received ${JSON.stringify(received)}`);
};

const classifyEvent = (image: Uint8Array) =>
  gatewayEvent('POST', '/v1/classify', {
    headers: { 'content-type': 'image/png' },
    body: Buffer.from(image).toString('base64'),
    isBase64Encoded: true,
    apiKeyId: 'bench',
  });

/** The scores that the command line gives on this machine, with as many threads. */
const scoresHere = (): FileResult['scores'] => {
  const command = [resolve(__dirname, '../bin/sulcus.js'), 'classify', '--json', '--threads', '1', SAMPLE_SCAN.png];
  return (JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })) as FileResult).scores;
};

const resultOf = ({ statusCode, body }: Gateway): ScanResult => {
  if (statusCode !== 200) throw new Error(`expected status 200, received ${statusCode}: ${body}`);
  return JSON.parse(body) as ScanResult;
};

interface Running {
  readonly container: Container;
  readonly api: RuntimeApi;
  readonly initMs: number;
}

/** From `podman run` until the runtime asks for its first event. */
const start = async (image: string, environment: Readonly<Record<string, string>>): Promise<Running> => {
  const api = await openRuntimeApi();
  const began = performance.now();
  const container = startContainer({ image, environment: { ...environment, AWS_LAMBDA_RUNTIME_API: api.address } });
  const ended = container.exited.then((code) => {
    throw new Error(`expected a container that runs, received exit code ${code}: ${container.output()}`);
  });
  ended.catch(() => undefined);
  try {
    await Promise.race([api.initialised, ended]);
    const invoke: RuntimeApi['invoke'] = (event) => Promise.race([api.invoke(event), ended]);
    return { container, api: { ...api, invoke }, initMs: performance.now() - began };
  } catch (error) {
    api.close();
    throw error;
  }
};

const stop = async ({ container, api }: Running): Promise<void> => {
  await container.stop();
  api.close();
};

const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  return [await work(), performance.now() - began];
};

const megabytes = (kilobytes: string): number => (Number.parseInt(kilobytes, 10) * 1024) / 1e6;

/** What must hold of the running container itself. */
const checkWalls = (container: Container): void => {
  expect('the user of the process', container.status('Uid').split('\t')[0], '1000');
  expect('its capabilities', /^0+$/.test(container.status('CapEff')), true);
  expect('files of the CPU list', container.list('/sys/devices/system/cpu'), []);
  expect('files left in /tmp', container.list('/tmp'), []);
};

const measureColdStarts = async (environment: Readonly<Record<string, string>>, scores: FileResult['scores']) => {
  const sample = readFileSync(SAMPLE_SCAN.png);
  const samples: { initMs: number; firstMs: number }[] = [];
  for (let round = 0; round < Number(values.cold); round += 1) {
    const running = await start(values.api, environment);
    const [answer, firstMs] = await timed(() => running.api.invoke(classifyEvent(sample)) as Promise<Gateway>);
    expect('scores of the sample scan, as on this machine', resultOf(answer).scores, scores);
    samples.push({ initMs: running.initMs, firstMs });
    await stop(running);
  }
  return {
    initMs: statsOf(samples.map(({ initMs }) => initMs)),
    firstAnswerMs: statsOf(samples.map(({ firstMs }) => firstMs)),
    totalMs: statsOf(samples.map(({ initMs, firstMs }) => initMs + firstMs)),
  };
};

const measureScans = async (environment: Readonly<Record<string, string>>, table: TestTable) => {
  const running = await start(values.api, environment);
  const sample = readFileSync(SAMPLE_SCAN.png);
  const before = await countResults(table);
  const scans = Number(values.scans);
  const ms: number[] = [];
  const resident: number[] = [];
  for (let index = 0; index < scans; index += 1) {
    const image = index % SAMPLE_EVERY === 0 ? sample : tinyScan(index);
    const [answer, took] = await timed(() => running.api.invoke(classifyEvent(image)) as Promise<Gateway>);
    expect('the state of a scan', resultOf(answer).state, 'classified');
    ms.push(took);
    if (index % 100 === 99) resident.push(megabytes(running.container.status('VmRSS')));
  }
  expect('results stored', (await countResults(table)) - before, scans);
  const peakMegabytes = megabytes(running.container.status('VmHWM'));
  checkWalls(running.container);
  await stop(running);
  const warm = ms.slice(1).sort((a, b) => a - b);
  const at = (share: number): number => warm[Math.floor(share * (warm.length - 1))] ?? Number.NaN;
  return { scans, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1), peakMegabytes, residentMegabytes: resident };
};

/** The other image starts, reads S3's test message, which names no scan, and asks for none again. */
const checkUpload = async (environment: Readonly<Record<string, string>>): Promise<void> => {
  const running = await start(values.upload, environment);
  const test = JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Bucket: 'bench',
    RequestId: '1',
    HostId: '1',
  });
  expect('the answer to a test message', await running.api.invoke(sqsEvent(sqsRecord('m1', test))), {
    batchItemFailures: [],
  });
  checkWalls(running.container);
  await stop(running);
};

/** AWS's own emulator in the image: the way its base image starts where there is no Lambda. */
const checkEmulator = async (environment: Readonly<Record<string, string>>, scores: FileResult['scores']) => {
  const port = Number(values.port);
  const emulator = startContainer({
    image: values.api,
    environment,
    entrypoint: '/usr/local/bin/aws-lambda-rie',
    command: [
      ...[
        '--runtime-interface-emulator-address',
        `127.0.0.1:${port}`,
        '--runtime-api-address',
        `127.0.0.1:${port + 1}`,
      ],
      ...['/var/runtime/bootstrap', 'classify-api/index.handler'],
    ],
  });
  try {
    const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`;
    const body = JSON.stringify(classifyEvent(readFileSync(SAMPLE_SCAN.png)));
    for (let tries = 0; ; tries += 1) {
      const response = await fetch(url, { method: 'POST', body }).catch(() => undefined);
      if (response !== undefined) {
        expect('scores below the emulator', resultOf((await response.json()) as Gateway).scores, scores);
        return;
      }
      if (tries === 100) throw new Error(`expected an answer of the emulator, received none: ${emulator.output()}`);
      await delay(100);
    }
  } finally {
    await emulator.stop();
  }
};

const main = async (): Promise<void> => {
  const images = [values.api, values.upload].map((name) => ({ name, ...describeImage(name) }));
  for (const { name, sizeBytes, user } of images) {
    expect(`the size of ${name}, at most ${CEILING_BYTES}`, sizeBytes <= CEILING_BYTES, true);
    expect(`the user of ${name}`, user, '1000:1000');
  }
  const table = await openTestTable();
  try {
    const environment = {
      [ENV.tableName]: table.tableName,
      [ENV.bucketName]: 'bench',
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    };
    const scores = scoresHere();
    const cold = await measureColdStarts(environment, scores);
    const warm = await measureScans(environment, table);
    await checkUpload(environment);
    await checkEmulator(environment, scores);
    const figures = { machine: describeMachine(), base: values.base, images, cold, warm };
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
    print(figures);
  } finally {
    await table.close();
  }
};

const print = ({
  machine,
  base,
  images,
  cold,
  warm,
}: {
  readonly machine: ReturnType<typeof describeMachine>;
  readonly base: string;
  readonly images: readonly ({ readonly name: string } & ReturnType<typeof describeImage>)[];
  readonly cold: Awaited<ReturnType<typeof measureColdStarts>>;
  readonly warm: Awaited<ReturnType<typeof measureScans>>;
}): void => {
  console.log(
    `On ${base}; ${machine.cpu}, ${machine.vcpus} vCPU of which it had one.\n\n| image | layer | MB |\n|---|---|---|`,
  );
  for (const { name, sizeBytes, layers } of images) {
    for (const layer of layers) {
      const instruction = layer.instruction
        .replace(/^.*#\(nop\)\s*/, '')
        .replace(/(file|dir|multi):[0-9a-f]{12,}/g, '…');
      console.log(`| ${name} | \`${instruction.slice(0, 70)}\` | ${(layer.sizeBytes / 1e6).toFixed(1)} |`);
    }
    console.log(`| ${name} | **all** | **${(sizeBytes / 1e6).toFixed(1)}** |`);
  }
  const ms = (value: number): string => value.toFixed(0);
  console.log(
    `\n${cold.initMs.samples} cold starts: ${ms(cold.initMs.p50)} ms until the first event is asked for, ` +
      `${ms(cold.firstAnswerMs.p50)} ms more until the first answer (medians; fastest together ${ms(cold.totalMs.min)} ms).\n` +
      `${warm.scans} scans: p50 ${warm.p50Ms.toFixed(1)} ms, p95 ${warm.p95Ms.toFixed(1)} ms, slowest ${ms(warm.maxMs)} ms; ` +
      `memory at most ${ms(warm.peakMegabytes)} MB, after every hundred ${warm.residentMegabytes.map(ms).join(' ')}.\n` +
      'Non-root, no capabilities, root read-only, /tmp untouched, CPU list hidden; the same scores as the command line, ' +
      "by the runtime's client and below the emulator.",
  );
};

main().catch((error: Error) => {
  console.error(error.message);
  // A container that still runs is stopped by nothing else; what it holds open must not keep this process.
  process.exit(1);
});
