import { createHandler, handler as deployedHandler } from '../../functions/classify-api/handler';
import { createFakeClassify, createHeadlessModel } from '../support/fake-classifier';
import { createLogRecorder } from '../support/log-recorder';
import { createMemoryMeter } from '../support/memory-meter';
import { createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';
import { gatewayEvent } from './gateway-events';

const createApi = (classify = createFakeClassify()) => {
  const results = createMemoryResultStore();
  const handler = createHandler({
    classify,
    results,
    scans: createMemoryScanStore(),
    bucketName: 'test-bucket',
    meter: createMemoryMeter(),
    logger: createLogRecorder(),
    now: () => Date.parse('2026-01-31T12:00:00.000Z'),
    corsOrigins: [],
  });
  return { handler, results };
};

/** Every byte value but 255, which the fake decoder refuses: proof that nothing on the way takes bytes for text. */
const bytes = Buffer.from([200, 0x89, 0xc3, 0x28, 0x00]);

describe('the classify-api function', () => {
  it('classifies a binary body and notes the key and the request id of the gateway', async () => {
    const { handler } = createApi();

    const answer = await handler(
      gatewayEvent('POST', '/v1/classify', {
        headers: { 'Content-Type': 'image/png' },
        body: bytes.toString('base64'),
        isBase64Encoded: true,
        apiKeyId: '0123456789ab',
      }),
    );

    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: false });
    expect(answer.multiValueHeaders).toMatchObject({
      'content-type': ['application/json'],
      'x-request-id': ['c6af9ac6-7b61-11e6-9a41-93e8deadbeef'],
    });
    expect(JSON.parse(answer.body)).toMatchObject({ state: 'classified', label: 'none', apiKeyId: '0123456789ab' });
  });

  it('classifies a JSON body, which stays text', async () => {
    const { handler } = createApi();

    const answer = await handler(
      gatewayEvent('POST', '/v1/classify', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ image: bytes.toString('base64') }),
      }),
    );

    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ apiKeyId: null });
  });

  it('answers the features of a model without a classifier, and 409 to who asks for labels', async () => {
    const { handler } = createApi(createFakeClassify(createHeadlessModel()));
    const post = (path: string) =>
      handler(
        gatewayEvent('POST', path, {
          headers: { 'content-type': 'image/png' },
          body: bytes.toString('base64'),
          isBase64Encoded: true,
        }),
      );

    const [features, labels] = [await post('/v1/features'), await post('/v1/classify')];

    expect(features.statusCode).toBe(200);
    expect(JSON.parse(features.body)).toMatchObject({ features: [200, 200, 200], pooled: null, attention: null });
    expect(labels.statusCode).toBe(409);
    expect(JSON.parse(labels.body)).toMatchObject({ error: { code: 'MODEL_HAS_NO_LABELS' } });
  });

  it('hands on decoded query parameters, all values of each', async () => {
    const { handler } = createApi();

    const found = await handler(gatewayEvent('GET', '/v1/scans', { query: { key: ['a b+c%2F&é.png'], limit: ['3'] } }));
    const twice = await handler(gatewayEvent('GET', '/v1/scans', { query: { limit: ['3', '4'] } }));

    expect(JSON.parse(found.body)).toEqual({ items: [], nextCursor: null });
    expect(twice.statusCode).toBe(400);
    expect(JSON.parse(twice.body).error.message).toContain('for limit, received an array of 2');
  });

  it('honours the Idempotency-Key, however its header is written', async () => {
    const { handler, results } = createApi();
    const event = gatewayEvent('POST', '/v1/classify', {
      headers: { 'Content-Type': 'image/png', 'Idempotency-Key': 'k' },
      body: bytes.toString('base64'),
      isBase64Encoded: true,
      apiKeyId: '0123456789ab',
    });

    const answers = [await handler(event), await handler(event)];

    expect(answers[1]?.body).toBe(answers[0]?.body);
    expect(results.entries()).toHaveLength(1);
  });

  it('answers deletion with an empty 204', async () => {
    const { handler } = createApi();
    const announced = await handler(gatewayEvent('POST', '/v1/scans'));
    const { scanId } = JSON.parse(announced.body);

    const answer = await handler(gatewayEvent('DELETE', `/v1/scans/${scanId}`));

    expect(answer).toMatchObject({ statusCode: 204, body: '' });
  });

  it('answers errors in our shape, for a GET with a body too', async () => {
    const { handler } = createApi();

    const answer = await handler(gatewayEvent('GET', '/v1/scans/nope', { body: 'unasked' }));

    expect(answer.statusCode).toBe(404);
    expect(JSON.parse(answer.body)).toEqual({
      error: {
        code: 'SCAN_NOT_FOUND',
        message: expect.any(String),
        requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      },
    });
  });

  it('names the environment variable that is missing', async () => {
    const starting = deployedHandler(gatewayEvent('GET', '/v1/model'));

    await expect(starting).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('SULCUS_BUCKET'),
    });
  });
});
