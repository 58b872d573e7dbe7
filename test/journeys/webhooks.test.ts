import { createHmac } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ScanResult } from '../../lib/core/contract';
import { WEBHOOK_ATTEMPTS } from '../../lib/core/deliver-webhook';
import { type WebhookPayload, webhookSchema } from '../../lib/core/event-contract';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, finalScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

const SECRET = `whsec_${Buffer.from('a key of thirty-two random bytes').toString('base64')}`;

interface Delivery {
  readonly payload: WebhookPayload;
  readonly id: string;
  readonly timestamp: number;
  readonly genuine: boolean;
}

/** A receiver as its owner would write it; `statuses` are its next answers, then 204. */
const openReceiver = async () => {
  const deliveries: Delivery[] = [];
  const statuses: number[] = [];
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const header = (name: string): string => String(request.headers[name]);
    const content = `${header('webhook-id')}.${header('webhook-timestamp')}.${body}`;
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    deliveries.push({
      payload: webhookSchema.parse(JSON.parse(body)),
      id: header('webhook-id'),
      timestamp: Number(header('webhook-timestamp')),
      genuine: header('webhook-signature') === `v1,${createHmac('sha256', key).update(content).digest('base64')}`,
    });
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, deliveries, statuses, close };
};

describe('a webhook of the local cloud', () => {
  let folders: Folders;
  let receiver: Awaited<ReturnType<typeof openReceiver>>;
  let cloud: Awaited<ReturnType<typeof startTestCloud>> | undefined;

  beforeEach(async () => {
    folders = await makeFolders();
    receiver = await openReceiver();
  });
  afterEach(async () => {
    await cloud?.stop();
    await receiver.close();
    await folders.remove();
  });

  /** A second of AWS's delays is a thousandth here. */
  const start = async (secondMs = 0.001) => {
    cloud = await startTestCloud({
      ...folders,
      model: createFakeModel(),
      webhook: { url: receiver.url, secret: SECRET, secondMs },
    });
    return cloud;
  };
  const outbox = () => readdir(path.join(folders.dataFolder, 'outbox'));
  const emptied = () => until(async () => (await outbox()).length === 0);
  const classify = async (endpoint: Parameters<typeof call>[0], value: number, query = ''): Promise<ScanResult> => {
    const headers = { 'content-type': 'image/png' };
    const init = { method: 'POST', headers, body: new Uint8Array(tinyScan(value)) };
    return (await (await call(endpoint, `/v1/classify${query}`, init)).json()) as ScanResult;
  };

  it('hears of every final result once, signed, and of nothing that is not stored', async () => {
    const endpoint = await start();

    const result = await classify(endpoint, 3);
    await classify(endpoint, 5, '?store=false');
    await writeFile(path.join(folders.scanFolder, 'Erika Mustermann.png'), tinyScan(7));
    await writeFile(path.join(folders.scanFolder, 'broken.png'), 'no picture at all');
    const scans = await finalScans(endpoint, 3);
    await until(async () => receiver.deliveries.length >= 3);
    await emptied();

    const { deliveries } = receiver;
    expect(deliveries.map(({ payload }) => payload.data.scanId).sort()).toEqual(
      scans.map(({ scanId }) => scanId).sort(),
    );
    expect(deliveries.every(({ genuine }) => genuine)).toBe(true);
    expect(deliveries.map(({ payload }) => payload.type).sort()).toEqual([
      'scan.classified',
      'scan.classified',
      'scan.rejected',
    ]);
    const ours = deliveries.find(({ payload }) => payload.data.scanId === result.scanId)?.payload.data;
    expect(ours).toMatchObject({ label: result.label, score: result.score, scores: result.scores });
    expect(JSON.stringify(deliveries)).not.toMatch(/Mustermann|broken\.png/);
  });

  it('is tried again with the same id and body until it takes the event', async () => {
    const endpoint = await start();
    receiver.statuses.push(500, 302, 429);

    await classify(endpoint, 3);
    await until(async () => receiver.deliveries.length >= 4);
    await emptied();

    const { deliveries } = receiver;
    expect(deliveries).toHaveLength(4);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1);
    expect(new Set(deliveries.map(({ payload }) => JSON.stringify(payload))).size).toBe(1);
    expect(deliveries.every(({ genuine }) => genuine)).toBe(true);
  });

  it('leaves an event that it never takes among the dead letters', async () => {
    const endpoint = await start(0);
    receiver.statuses.push(...Array(WEBHOOK_ATTEMPTS).fill(503));

    await classify(endpoint, 3);
    const deadLetters = () => readdir(path.join(folders.dataFolder, 'dead-letter-webhooks'));
    await until(async () => (await deadLetters()).length === 1);
    await emptied();

    expect(receiver.deliveries).toHaveLength(WEBHOOK_ATTEMPTS);
    expect(await deadLetters()).toEqual([`${receiver.deliveries[0]?.id}.json`]);
  });

  it('hears after the next start of what it had not taken before the server ended', async () => {
    const endpoint = await start(60_000);
    receiver.statuses.push(500);
    await classify(endpoint, 3);
    await until(async () => receiver.deliveries.length === 1);
    await endpoint.stop();
    const waiting = await outbox();

    await start();
    await until(async () => receiver.deliveries.length === 2);
    await emptied();

    expect(waiting).toEqual([`${receiver.deliveries[0]?.id}.json`]);
    expect(receiver.deliveries[1]?.id).toBe(receiver.deliveries[0]?.id);
  });

  it('hears of a result whose server died between the table and the event', async () => {
    const endpoint = await start();
    const result = await classify(endpoint, 3);
    await emptied();
    await endpoint.stop();
    const [before] = receiver.deliveries;
    // As SIGKILL leaves it right behind the write, and one before a write that never happened.
    await writeFile(path.join(folders.dataFolder, 'outbox', `${result.scanId}.intent`), '');
    await writeFile(path.join(folders.dataFolder, 'outbox', `${'0'.repeat(32)}.intent`), '');

    await start();
    await until(async () => receiver.deliveries.length === 2);
    await emptied();

    expect(receiver.deliveries[1]?.id).toBe(before?.id);
    expect(receiver.deliveries[1]?.payload).toEqual(before?.payload);
  });

  it('hears of both when a file replaces another at once, and once of a repeated request', async () => {
    const endpoint = await start();
    const headers = { 'content-type': 'image/png', 'idempotency-key': 'same' };
    const init = { method: 'POST', headers, body: new Uint8Array(tinyScan(3)) };
    const answers = await Promise.all([1, 2, 3, 4].map(() => call(endpoint, '/v1/classify', init)));
    await writeFile(path.join(folders.scanFolder, 'a.png'), tinyScan(7));
    await finalScans(endpoint, 2);
    await writeFile(path.join(folders.scanFolder, 'a.png'), tinyScan(9));
    await finalScans(endpoint, 3);
    await until(async () => receiver.deliveries.length >= 3);
    await emptied();

    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(new Set(receiver.deliveries.map(({ id }) => id)).size).toBe(3);
    expect(receiver.deliveries).toHaveLength(3);
  });
});
