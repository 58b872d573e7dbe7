import { request } from 'node:http';
import { connect } from 'node:net';
import { SulcusError } from '../../lib/core/errors';
import { LIMITS } from '../../lib/topology';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, makeFolders, startTestCloud } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

/** What API Gateway does on AWS, done on a laptop. */
describe('the local gateway', () => {
  let folders: Folders;
  let cloud: Awaited<ReturnType<typeof startTestCloud>>;
  beforeAll(async () => {
    folders = await makeFolders();
    cloud = await startTestCloud({ ...folders, model: createFakeModel(), corsOrigins: ['https://viewer.test'] });
  });
  afterAll(async () => {
    await cloud.stop();
    await folders.remove();
  });

  const errorShape = (code: string) => ({
    error: { code, message: expect.any(String), requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  });

  it.each(['/v1/health', '/v1/openapi.json'])('answers %s without a key', async (path) => {
    const response = await fetch(`${cloud.url}${path}`);

    expect(response.status).toBe(200);
  });

  it.each([
    ['without a key', {}],
    ['with a wrong key', { 'x-api-key': `sulcus_${'A'.repeat(43)}` }],
    ['with a malformed one', { authorization: 'Bearer nonsense' }],
  ])('answers 401 in the error shape %s', async (_, headers: Record<string, string>) => {
    const response = await fetch(`${cloud.url}/v1/scans`, { headers: { ...headers, origin: 'https://viewer.test' } });

    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(errorShape('UNAUTHORIZED'));
    expect(response.headers.get('access-control-allow-origin')).toBe('https://viewer.test');
  });

  it('takes the key in either header, and notes whose it was', async () => {
    const body = new Uint8Array(tinyScan(1));
    const headers = { authorization: `Bearer ${cloud.apiKey}`, 'content-type': 'image/png' };

    const response = await fetch(`${cloud.url}/v1/classify`, { method: 'POST', headers, body });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      state: 'classified',
      apiKeyId: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect((await call(cloud, '/v1/scans')).status).toBe(200);
  });

  it('lets a preflight pass without a key', async () => {
    const headers = { origin: 'https://viewer.test', 'access-control-request-method': 'POST' };

    const response = await fetch(`${cloud.url}/v1/classify`, { method: 'OPTIONS', headers });

    expect(response.status).toBeLessThan(300);
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
  });

  it.each([
    ['an image over the limit', LIMITS.apiImageBytes + 1, 'image/png'],
    ['a text over the limit', LIMITS.apiBodyBytes + 1, 'application/json'],
    ['30 MB', 30_000_000, 'image/png'],
  ])('answers 413 to %s, and the client gets to see it', async (_, sizeBytes, type) => {
    const response = await call(cloud, '/v1/classify', {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(sizeBytes),
    });

    expect(response.status).toBe(413);
    expect(await response.json()).toEqual(errorShape('IMAGE_TOO_LARGE'));
  });

  it('counts a body that does not say how long it is', async () => {
    const chunk = new Uint8Array(1_000_000);
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        if (sent > 20) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'image/png' }, body, duplex: 'half' } as RequestInit;

    const response = await call(cloud, '/v1/classify', init);

    expect(response.status).toBe(413);
  });

  it('spares a client that asks first from sending too large a body', async () => {
    const headers = {
      'x-api-key': cloud.apiKey,
      'content-type': 'image/png',
      'content-length': 50_000_000,
      expect: '100-continue',
    };
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request(`${cloud.url}/v1/classify`, { method: 'POST', headers });
      asking.on('response', (response) => resolve(response.statusCode));
      asking.on('continue', () => reject(new Error('was asked to send')));
      asking.on('error', reject);
      asking.flushHeaders();
    });

    expect(status).toBe(413);
  });

  it('answers what is no proper request with 400 and goes on', async () => {
    const { hostname, port } = new URL(cloud.url);
    const raw = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.on('data', (data) => {
        answer += data;
      });
      socket.on('close', () => resolve(answer));
      socket.write('GET /v1/health HTTP/1.1\r\nHost: a b c\r\nConnection: close\r\n\r\n');
    });

    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${cloud.url}/v1/health`)).status).toBe(200);
  });

  it('answers 504 when a function takes too long', async () => {
    const { createGateway } = await import('../../lib/local/gateway');
    const gateway = createGateway({
      app: { fetch: () => new Promise(() => undefined) } as never,
      authorize: () => Promise.reject(new SulcusError('UNAUTHORIZED', 'Unauthorized')),
      upload: async () => new Response(),
      corsOrigins: [],
      logger: cloud.logger,
      timeoutMs: 20,
    });
    const incoming = { method: 'GET', url: '/v1/health', headers: {}, rawHeaders: [], complete: true };

    const response = await gateway(new Request('http://x/v1/health'), { incoming } as never);

    expect(response.status).toBe(504);
    expect(await response.json()).toEqual(errorShape('INTERNAL'));
  });
});
