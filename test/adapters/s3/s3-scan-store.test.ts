import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { createS3ScanStore } from '../../../lib/adapters/s3';

const REFERENCE = { bucket: 'scans', key: 'a b/é.png', versionId: null, etag: 'abc' };

/** A stand-in that answers what a test says; S3's own behaviour is in the contract suite. */
describe('the S3 store', () => {
  let server: Server;
  let answer: RequestListener;
  let client: S3Client;
  const seen: { method?: string; url?: string; ifMatch?: string }[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, ifMatch: headers['if-match'] });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new S3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      forcePathStyle: true,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      requestHandler: { requestTimeout: 200, socketTimeout: 200, throwOnRequestTimeout: true },
    });
  });
  beforeEach(() => {
    seen.length = 0;
  });
  afterAll(async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const store = (now = Date.now) => createS3ScanStore({ client, bucketName: 'uploads', uploadUrlSeconds: 60, now });
  const fail =
    (status: number, code: string): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
    };

  it('asks for the version, or for exactly the content of the ETag', async () => {
    answer = (_, response) => response.end('bytes');

    await store().read(REFERENCE, 100);
    await store().read({ ...REFERENCE, versionId: 'v 1' }, 100);

    expect(seen).toEqual([
      { method: 'GET', url: '/scans/a%20b/%C3%A9.png?x-id=GetObject', ifMatch: '"abc"' },
      { method: 'GET', url: '/scans/a%20b/%C3%A9.png?versionId=v%201&x-id=GetObject', ifMatch: undefined },
    ]);
  });

  it.each([
    [404, 'NoSuchKey', 'SCAN_NOT_FOUND'],
    [404, 'NoSuchVersion', 'SCAN_NOT_FOUND'],
    [412, 'PreconditionFailed', 'SCAN_NOT_FOUND'],
    [404, 'NoSuchBucket', 'STORE_UNAVAILABLE'],
    [403, 'AccessDenied', 'STORE_UNAVAILABLE'],
    [503, 'SlowDown', 'STORE_UNAVAILABLE'],
    [500, 'InternalError', 'STORE_UNAVAILABLE'],
  ])('answers %i %s with %s', async (status, code, expected) => {
    answer = fail(status, code);

    await expect(store().read(REFERENCE, 100)).rejects.toMatchObject({ code: expected });
  });

  it('refuses an object by its announced length without reading it', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000_000 });
      response.flushHeaders();
    };

    await expect(store().read(REFERENCE, 100)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('counts a body of unknown length', async () => {
    answer = (_, response) => {
      response.writeHead(200);
      for (let chunk = 0; chunk < 3; chunk += 1) response.write('x'.repeat(50));
      response.end();
    };

    await expect(store().read(REFERENCE, 149)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(await store().read(REFERENCE, 150)).toHaveLength(150);
  });

  it.each([
    ['never answers', () => undefined],
    [
      'stops in the middle of a body',
      (_, response) => void response.writeHead(200, { 'content-length': 50 }).write('x'),
    ],
    ['drops the connection', (request) => void request.socket.destroy()],
  ] as [string, RequestListener][])('does not hang on a server that %s', async (_, listener) => {
    answer = listener;

    await expect(store().read(REFERENCE, 100)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('signs uploads for one key, one content type and a time, with no checksum of a body it does not know', async () => {
    const ticket = await store(() => Date.UTC(2026, 0, 1, 12, 0, 0, 999)).createUpload('uploads/abc', 'image/png');

    const url = new URL(ticket.uploadUrl);
    expect(ticket).toMatchObject({ method: 'PUT', headers: { 'content-type': 'image/png' } });
    expect(ticket.expiresAt).toBe('2026-01-01T12:01:00.000Z');
    expect(url.pathname).toBe('/uploads/uploads/abc');
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('content-type;host');
    expect([url.searchParams.get('X-Amz-Date'), url.searchParams.get('X-Amz-Expires')]).toEqual([
      '20260101T120000Z',
      '60',
    ]);
    expect([...url.searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
  });
});
