import { createPublicApi, toErrorResponse } from '../../../lib/adapters/http';
import { type ErrorCode, SulcusError } from '../../../lib/core/errors';
import { createLogRecorder } from '../../support/log-recorder';
import { createApiUnderTest, expectError, jsonOf, manifest } from './api-under-test';

describe('the error table', () => {
  it.each<[ErrorCode, number]>([
    ['INVALID_REQUEST', 400],
    ['UNAUTHORIZED', 401],
    ['ROUTE_NOT_FOUND', 404],
    ['SCAN_NOT_FOUND', 404],
    ['MODEL_NOT_FOUND', 404],
    ['METHOD_NOT_ALLOWED', 405],
    ['IMAGE_TOO_LARGE', 413],
    ['UNSUPPORTED_IMAGE', 415],
    ['UNREADABLE_IMAGE', 422],
    ['IDEMPOTENCY_KEY_REUSED', 422],
    ['QUOTA_EXCEEDED', 429],
    ['INFERENCE_FAILED', 500],
    ['INTERNAL', 500],
    ['STORE_UNAVAILABLE', 503],
    ['MODEL_UNAVAILABLE', 503],
  ])('answers %s with %i through the API', async (code, status) => {
    const { app, lines } = createApiUnderTest({
      manifest: async () => {
        throw new SulcusError(code, 'expected inside, received outside');
      },
    });

    const response = await app.request('/v1/model');

    const message = await expectError(response, status, code);
    expect(message.includes('inside, received outside')).toBe(status < 500 && status !== 401);
    expect(response.headers.get('retry-after')).toBe({ 429: '60', 503: '5' }[status] ?? null);
    expect(lines).toHaveLength(status >= 500 ? 1 : 0);
  });

  it.each<[string, unknown]>([
    ['an unknown Error', new TypeError('secret path')],
    ['what is no Error', 'secret path'],
    ['nothing', undefined],
    ['a code that belongs to the command line', new SulcusError('CHECKPOINT_INVALID', 'secret path')],
  ])('answers %s with a generic 500 and logs it', async (_, cause) => {
    const { app, lines } = createApiUnderTest({
      manifest: async () => {
        throw cause;
      },
    });

    const response = await app.request('/v1/model');

    expect(await expectError(response, 500, 'INTERNAL')).not.toContain('secret');
    expect(lines).toEqual([
      expect.objectContaining({ level: 'error', fields: { requestId: 'request-1', code: 'INTERNAL' } }),
    ]);
    expect([lines[0]?.error, (lines[0]?.error as Error | undefined)?.cause]).toContain(cause);
  });

  it('asks for the key on 401 and passes a quota on', () => {
    const unauthorized = toErrorResponse(new SulcusError('UNAUTHORIZED', 'Unauthorized'), 'r');
    const quota = toErrorResponse(
      new SulcusError('QUOTA_EXCEEDED', 'expected less, received more', { details: { retryAfterSeconds: 7 } }),
      'r',
    );

    expect(unauthorized.headers).toEqual({ 'www-authenticate': 'Bearer realm="sulcus"' });
    expect(unauthorized.body.error.message).toContain('x-api-key or Authorization: Bearer');
    expect(quota.headers).toEqual({ 'retry-after': '7' });
  });
});

describe('routes', () => {
  it.each([
    '/',
    '/v1',
    '/v1/nope',
    '/v1/scans/a/b',
    '/models',
    '/models/a/b',
    '/V1/health',
    '//v1/health',
    '/%',
    '/%ff/%00',
  ])('answers 404 for %s', async (path) => {
    const { app } = createApiUnderTest();

    const response = await app.request(path);

    await expectError(response, 404, 'ROUTE_NOT_FOUND');
  });

  it.each([
    ['PUT', '/v1/classify', 'POST'],
    ['GET', '/v1/classify', 'POST'],
    ['DELETE', '/v1/scans', 'POST, GET, HEAD'],
    ['POST', '/v1/scans/0', 'GET, HEAD, DELETE'],
    ['POST', '/v1/health', 'GET, HEAD'],
    ['GET', '/models/tiny', 'POST'],
    ['OPTIONS', '/v1/classify', 'POST'],
  ])('answers 405 for %s %s and names %s', async (method, path, allow) => {
    const { app } = createApiUnderTest();

    const response = await app.request(path, { method });

    await expectError(response, 405, 'METHOD_NOT_ALLOWED');
    expect(response.headers.get('allow')).toBe(allow);
  });

  it('says that it is alive', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/health?at=now');

    expect(await jsonOf(response)).toEqual({ status: 'ok' });
  });

  it('answers HEAD like GET without a body', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/health', { method: 'HEAD' });

    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '' });
  });

  it('answers the facts of the manifest, name and digest on top', async () => {
    const { app } = createApiUnderTest();

    const body = await jsonOf(await app.request('/v1/model'));

    expect(Object.keys(body).slice(0, 2)).toEqual(['name', 'digest']);
    expect(body).toMatchObject(manifest);
  });

  it('opens no model for its facts when the manifest can be read', async () => {
    const { app } = createApiUnderTest({
      manifest: async () => manifest,
      classify: {
        decoder: { decode: async () => Promise.reject(new SulcusError('INTERNAL', 'not asked for')) },
        model: async () => Promise.reject(new SulcusError('MODEL_UNAVAILABLE', 'not asked for')),
      },
    });

    const response = await app.request('/v1/model');

    expect(response.status).toBe(200);
  });
});

describe('headers', () => {
  it('names the request and forbids guessing, caching and framing on every answer', async () => {
    const { app } = createApiUnderTest();

    const responses = [await app.request('/v1/health'), await app.request('/nope')];

    for (const { headers } of responses) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-request-id': 'request-1',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
    }
  });

  it('gives no CORS headers unless configured', async () => {
    const { app } = createApiUnderTest();

    const { headers } = await app.request('/v1/health', { headers: { origin: 'https://a.example' } });

    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each([
    [['https://a.example', 'https://b.example'], 'https://b.example', 'https://b.example'],
    [['https://a.example'], 'https://evil.example', null],
    [['*'], 'https://any.example', '*'],
  ])('with %j lets %s have %s, errors too', async (corsOrigins, origin, allowed) => {
    const { app } = createApiUnderTest({ corsOrigins });

    const responses = await Promise.all([
      app.request('/v1/health', { headers: { origin } }),
      app.request('/nope', { headers: { origin } }),
      app.request('/v1/scans?limit=0', { headers: { origin } }),
    ]);

    expect(responses.map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual([
      allowed,
      allowed,
      allowed,
    ]);
  });

  it.each([['the whole API'], ['the public part']])('answers a preflight in %s', async (part) => {
    const corsOrigins = ['https://a.example'];
    const identify = () => ({ requestId: 'r', apiKeyId: null });
    const app =
      part === 'the whole API'
        ? createApiUnderTest({ corsOrigins }).app
        : createPublicApi({ corsOrigins, identify, logger: createLogRecorder() });

    const response = await app.request('/v1/classify', {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });

    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-headers': 'x-api-key,authorization,content-type,idempotency-key',
      'access-control-allow-methods': 'GET,POST,DELETE',
    });
  });
});
