import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createResultStore } from '../lib/adapters/dynamodb';
import { createImageDecoder } from '../lib/adapters/image';
import { openModel } from '../lib/adapters/onnx';
import { classifyScan } from '../lib/core/classify-scan';
import { objectScanId, uploadKey } from '../lib/core/scan-ids';
import { isTombstone } from '../lib/core/scan-record';
import { distOf, OPT } from '../lib/packaging/layout';
import { ENV, LIMITS } from '../lib/topology';
import { openTestTable, type TestTable } from '../test/support/dynalite';
import { s3Body, s3Record, sqsRecord } from '../test/support/s3-messages';
import { writeTinyBundle } from '../test/support/tiny-bundle';
import { tinyScan } from '../test/support/tiny-scan';
import { countResults } from './count-results';
import { createIngestQueue, type IngestQueue } from './ingest-queue';
import { runKilledFunctions } from './killed-functions';
import { withTemporaryFolder } from './local-server';
import { openVersionedObjects, type VersionedObjects } from './versioned-objects';

/**
 * `npm run bench:soak`: uploads through the ingest path as it is deployed: S3's messages in a queue that redelivers, the
 * bundled upload function in processes of its own, DynamoDB's protocol. Some events come twice, some objects are replaced
 * and their events come in the wrong order, and every process is killed with SIGKILL every `--kill-every` seconds (more
 * than a process needs to start, or nothing is ever done). In the end each upload must have one result, made from the
 * newest content. The model is a tiny one unless --model names another.
 */
const { values } = parseArgs({
  options: {
    uploads: { type: 'string', default: '10000' },
    'kill-every': { type: 'string', default: '10' },
    workers: { type: 'string', default: '2' },
    model: { type: 'string' },
  },
});
const UPLOADS = Number(values.uploads);

/** One upload in so many has its event twice, one in so many is replaced and its events come newest first: 5 % each. */
const ONE_IN = 20;
const BATCH_SIZE = 5;
/** Far below the real 540 s, so that what a kill interrupted comes again while the run lasts. */
const VISIBILITY_MS = 3_000;
const BUCKET = 'soak';
const ROOT = resolve(__dirname, '..');

interface Expected {
  readonly scanId: string;
  /** Of the newest content. */
  readonly versionId: string;
  /** Its bytes, where there was older content whose result would be stale. */
  readonly replaced: Buffer | undefined;
}

/** A new event stands somewhere among the last few: order is S3's to lose. */
const shuffleNear = <T>(items: T[], distance: number): void => {
  for (let index = 0; index < items.length; index += 1) {
    const other = Math.min(items.length - 1, index + randomInt(distance));
    [items[index], items[other]] = [items[other] as T, items[index] as T];
  }
};

/** Puts every object and its events; returns what must come of them. */
const upload = async (objects: VersionedObjects, queue: IngestQueue): Promise<Expected[]> => {
  const expected: Expected[] = [];
  const groups: string[][] = [];
  let sequence = 0;
  const put = (key: string, bytes: Buffer) => {
    const { versionId, etag } = objects.put(key, bytes);
    sequence += 1;
    const sequencer = sequence.toString(16).toUpperCase().padStart(16, '0');
    return {
      versionId,
      etag,
      body: s3Body(s3Record({ bucket: BUCKET, key, size: bytes.length, eTag: etag, versionId, sequencer })),
    };
  };
  for (let index = 0; index < UPLOADS; index += 1) {
    const replaced = index % ONE_IN === 1;
    // What replaces must keep its scan: only announced uploads do, other keys make a scan of every version.
    const key = replaced ? uploadKey(index.toString(16).padStart(32, '0')) : `scan-${index}.png`;
    const older = replaced ? put(key, tinyScan(UPLOADS + index)) : undefined;
    const bytes = tinyScan(index);
    const newest = put(key, bytes);
    const { versionId, etag } = newest;
    const scanId = await objectScanId({ bucket: BUCKET, key, versionId, etag }, BUCKET);
    expected.push({ scanId, versionId, replaced: replaced ? bytes : undefined });
    groups.push(older === undefined ? [newest.body] : [newest.body, older.body]);
    if (index % ONE_IN === 2) groups.push([newest.body]);
  }
  shuffleNear(groups, 50);
  for (const [index, body] of groups.flat().entries()) queue.send(sqsRecord(`m${index}`, body));
  return expected;
};

const environmentOf = (table: TestTable, objects: VersionedObjects, modelFolder: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  NODE_NO_WARNINGS: '1',
  NODE_PATH: join(distOf(ROOT).nativeRuntimeLayer, OPT.modules),
  ORT_DISABLE_TELEMETRY: '1',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_S3: objects.endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  [ENV.tableName]: table.tableName,
  [ENV.bucketName]: BUCKET,
  [ENV.modelFolder]: modelFolder,
  [ENV.threads]: '1',
});

/** Compares every result with the newest content; scores too where older content was there to be mistaken for it. */
const judge = async (table: TestTable, expected: readonly Expected[], modelFolder: string) => {
  const store = createResultStore({ client: table.client, tableName: table.tableName, tombstoneDays: null });
  const model = await openModel(modelFolder, { threads: 1 });
  const deps = { decoder: createImageDecoder(), model: async () => model };
  const wrong = { missing: 0, notClassified: 0, stale: 0 };
  for (const { scanId, versionId, replaced } of expected) {
    const record = await store.get(scanId);
    if (record === undefined || isTombstone(record)) wrong.missing += 1;
    else if (record.state !== 'classified') wrong.notClassified += 1;
    else if (record.source.versionId !== versionId) wrong.stale += 1;
    else if (replaced !== undefined) {
      const { scores } = await classifyScan(deps, replaced);
      if (JSON.stringify(scores) !== JSON.stringify(record.scores)) wrong.stale += 1;
    }
  }
  await model.dispose();
  return wrong;
};

const main = async (folder: string): Promise<void> => {
  const modelFolder = values.model === undefined ? join(folder, 'model') : resolve(values.model);
  if (values.model === undefined) await writeTinyBundle(modelFolder);
  const table = await openTestTable();
  const objects = await openVersionedObjects(BUCKET);
  try {
    await soak(table, objects, modelFolder);
  } finally {
    objects.close();
    await table.close();
  }
};

const soak = async (table: TestTable, objects: VersionedObjects, modelFolder: string): Promise<void> => {
  const queue = createIngestQueue(VISIBILITY_MS, LIMITS.maxReceiveCount);
  const expected = await upload(objects, queue);
  const messages = queue.remaining();
  const began = performance.now();
  const kills = await runKilledFunctions(queue, {
    bundle: join(distOf(ROOT).functions('classify-upload'), 'index.js'),
    environment: environmentOf(table, objects, modelFolder),
    workers: Number(values.workers),
    batchSize: BATCH_SIZE,
    killEveryMs: Number(values['kill-every']) * 1000,
  });
  const seconds = (performance.now() - began) / 1000;
  const results = await countResults(table);
  const wrong = await judge(table, expected, modelFolder);
  const { redeliveries, deadLetters } = queue.counts;
  console.log(
    `${UPLOADS} uploads, ${values.model ?? 'a tiny model'}: ${messages} messages, ${redeliveries} redelivered, ` +
      `${kills} processes killed, ${seconds.toFixed(0)} s\n` +
      `${results} results, ${wrong.missing} uploads without one, ${wrong.notClassified} not classified, ` +
      `${wrong.stale} stale, ${deadLetters} dead letters`,
  );
  const faults = deadLetters + wrong.missing + wrong.notClassified + wrong.stale;
  process.exitCode = results === UPLOADS && faults === 0 && kills > 0 ? 0 : 1;
};

withTemporaryFolder(main).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
