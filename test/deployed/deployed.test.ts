import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createResultStore, createTableClient, type TableClient } from '../../lib/adapters/dynamodb';
import { createImageDecoder } from '../../lib/adapters/image';
import { openModel } from '../../lib/adapters/onnx';
import { createS3Client } from '../../lib/adapters/s3';
import { classifyScan } from '../../lib/core/classify-scan';
import type { ScanResult } from '../../lib/core/contract';
import type { ResultStore } from '../../lib/core/ports';
import { DEPLOYED, LIMITS } from '../../lib/topology';
import { SAMPLE_SCAN } from '../fixtures';
import { type Account, openAccount, REGION } from './account';
import { type DeployedFunctions, openDeployedFunctions } from './deployed-functions';
import { openDeployedGateway } from './deployed-gateway';
import { drainQueue, queueUrl, receive, sourceOf } from './deployed-queue';
import { publishStream } from './deployed-stream';

/**
 * What `cdk deploy` made, used as its callers use it. Run by .ci/deploy-check.sh, which deploys to moto and says where
 * that is (SULCUS_TEST_DEPLOYED) and what the stacks gave out (SULCUS_TEST_OUTPUTS).
 */
const endpoint = process.env.SULCUS_TEST_DEPLOYED;
const ROOT = resolve(__dirname, '../..');
const SCAN = readFileSync(SAMPLE_SCAN.png);

/** Functions start from zip files that were just unpacked. */
jest.setTimeout(120_000);

const run = endpoint === undefined ? describe.skip : describe;
run('a deployment (set SULCUS_TEST_DEPLOYED to the endpoint of its account)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-deployed-'));
  let account: Account;
  let functions: DeployedFunctions;
  let call: Awaited<ReturnType<typeof openDeployedGateway>>;
  let table: TableClient;
  let results: ResultStore;
  let s3: S3Client;
  let bucket: string;
  let tableName: string;
  let key: Record<string, string>;

  beforeAll(async () => {
    const outputs = JSON.parse(readFileSync(process.env.SULCUS_TEST_OUTPUTS ?? '', 'utf8'));
    const { BucketName, TableName } = outputs.SulcusData;
    bucket = BucketName;
    tableName = TableName;
    account = openAccount(endpoint ?? '');
    functions = openDeployedFunctions(account, folder);
    call = await openDeployedGateway(account, functions);
    s3 = createS3Client({ endpoint });
    table = createTableClient({ endpoint });
    results = createResultStore({ client: table, tableName: TableName, tombstoneDays: LIMITS.tombstoneDays });
    const created = sulcus('keys', 'create', 'deployed', '--table', TableName, '--json');
    key = { 'x-api-key': JSON.parse(created).key };
  });

  afterAll(() => {
    functions.close();
    s3.destroy();
    table.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const sulcus = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/sulcus.js'), ...args], {
      env: { ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_REGION: REGION },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };

  /** What the staged model says of the sample scan in this process. */
  const expected = async () => {
    const model = await openModel(join(ROOT, 'layers/model'), { threads: 1 });
    const found = await classifyScan({ decoder: createImageDecoder(), model: async () => model }, SCAN);
    await model.dispose();
    // Weights that are rearranged at opening or not, as functions choose for themselves, differ in the last bits.
    const scores = found.scores.map(({ label, score, logit }) => ({
      label,
      score: expect.closeTo(score, 5),
      logit: expect.closeTo(logit, 4),
    }));
    return { ...found, scores };
  };

  it('answers health checks without a key, and everything else only with one', async () => {
    const open = await call('GET', '/v1/health');
    const closed = await call('GET', '/v1/scans');
    const wrong = await call('GET', '/v1/scans', { headers: { 'x-api-key': `sulcus_${'0'.repeat(43)}` } });
    const right = await call('GET', '/v1/scans', { headers: key });

    expect([open.status, closed.status, wrong.status, right.status]).toEqual([200, 401, 401, 200]);
  });

  it('classifies an image that is posted, as this machine does, and keeps the result in the table', async () => {
    const { label, scores, model } = await expected();

    const { status, json } = await call('POST', '/v1/classify', {
      headers: { ...key, 'content-type': 'image/png' },
      body: SCAN,
    });

    expect(status).toBe(200);
    expect(json).toMatchObject({ state: 'classified', label, model });
    expect(json.scores).toEqual(scores);
    expect(await results.get(String(json.scanId))).toMatchObject({ state: 'classified', label, scores: json.scores });
  });

  it('classifies an object that is put into the bucket: notification, queue, function, table', async () => {
    const { label, scores } = await expected();

    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'ward 3/scan+1.png', Body: SCAN }));
    await drainQueue(account, functions);

    const listed = await call('GET', `/v1/scans?key=${encodeURIComponent('ward 3/scan+1.png')}`, { headers: key });
    const items = listed.json.items as ScanResult[];
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ state: 'classified', label, scores, source: { kind: 'upload', bucket } });
    expect(await results.get(String(items[0]?.scanId))).toMatchObject({ state: 'classified', label });
  });

  it('classifies an announced upload under its scan id, and forgets it when asked to', async () => {
    const announced = await call('POST', '/v1/scans', {
      headers: { ...key, 'content-type': 'application/json' },
      body: '{"contentType":"image/png"}',
    });
    const { scanId, uploadUrl, method, headers } = announced.json as Record<string, string>;
    const pending = await call('GET', `/v1/scans/${scanId}`, { headers: key });

    const put = await fetch(String(uploadUrl), {
      method,
      headers: headers as unknown as Record<string, string>,
      body: SCAN,
    });
    const bodies = await drainQueue(account, functions);
    const done = await call('GET', `/v1/scans/${scanId}`, { headers: key });
    const deleted = await call('DELETE', `/v1/scans/${scanId}`, { headers: key });
    const gone = await call('GET', `/v1/scans/${scanId}`, { headers: key });

    expect(put.status).toBe(200);
    expect(bodies).toHaveLength(1);
    expect([pending.json.state, done.json.state]).toEqual(['pending', 'classified']);
    expect([deleted.status, gone.status]).toEqual([204, 404]);
  });

  it('rejects an object that is no image, with the reason', async () => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'notes.txt', Body: 'no image' }));
    await drainQueue(account, functions);

    const { json } = await call('GET', '/v1/scans?state=rejected', { headers: key });

    expect(json.items).toMatchObject([{ source: { key: 'notes.txt' }, error: { code: 'UNSUPPORTED_IMAGE' } }]);
  });

  it('publishes an event for each final result: stream, function, bus, rule, the queue of the webhook', async () => {
    const QueueUrl = await queueUrl(account, DEPLOYED.webhooks);

    const failed = await publishStream(account, functions, tableName);
    const messages = await receive(account, QueueUrl, 10);

    const events = messages.map(({ Body }) => JSON.parse(Body));
    const stored = (await results.list({}, 100)).records;
    expect(failed).toEqual([]);
    expect(events.length).toBeGreaterThan(2);
    expect(new Set(stored.map(({ scanId }) => scanId))).toEqual(
      new Set(events.map(({ detail }) => detail.scanId).filter((id) => stored.some(({ scanId }) => scanId === id))),
    );
    for (const { source, detail } of events) {
      expect([source, detail.source.key]).toEqual(['sulcus', undefined]);
      expect(['classified', 'rejected']).toContain(detail.state);
    }
    const again = sulcus('republish', '--table', tableName, '--from', '2020-01-01', '--json');
    expect(JSON.parse(again).published).toBe(stored.length);
  });

  it('signs with the secret of the deployment, and asks again for what the webhook does not take', async () => {
    const QueueUrl = await queueUrl(account, DEPLOYED.webhooks);
    const { FunctionArn } = await sourceOf(account, DEPLOYED.webhooks);
    const [message] = await receive(account, QueueUrl, 1);
    const { MessageId = '', ReceiptHandle = '', Body = '', Attributes = {} } = message ?? {};
    const record = { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes };

    // Nothing is at this address: what is shown is that all before the call works, and what follows a failure.
    const answer = await functions.invoke(FunctionArn, { Records: [record] });

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: MessageId }] });
  });

  it('gives a message up to the dead letters after as many receives as the function knows of', async () => {
    const QueueUrl = await queueUrl(account, DEPLOYED.arrivals);
    await account.queue('SendMessage', { QueueUrl, MessageBody: '{"not":"an event"}' });

    const bodies = await drainQueue(account, functions);

    expect(bodies).toHaveLength(LIMITS.maxReceiveCount);
    const dead = await receive(account, await queueUrl(account, DEPLOYED.deadLetters), 10);
    expect(dead.map(({ Body }) => Body)).toEqual(['{"not":"an event"}']);
  });
});
