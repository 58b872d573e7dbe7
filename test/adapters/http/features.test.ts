import { featuresResultSchema, NOTICE } from '../../../lib/core/contract';
import { LIMITS } from '../../../lib/topology';
import { createApiUnderTest, expectError, image, jsonOf, manifest } from './api-under-test';

const asJson = (body: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

type Given = Parameters<typeof createApiUnderTest>[1];

const createFeatures = (given: Given = {}) => {
  const api = createApiUnderTest({}, given);
  const features = (init: { headers?: Record<string, string>; body?: Buffer | string; query?: string } = {}) =>
    api.app.request(`/v1/features${init.query ?? ''}`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...init.headers },
      body: init.body ?? image,
    });
  return { ...api, features };
};

describe('POST /v1/features', () => {
  it('answers features as numbers and as float32, in the shape of the contract, and stores nothing', async () => {
    const { features, model, results } = createFeatures();

    const response = await features();

    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(featuresResultSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      schemaVersion: 1,
      features: [3, Math.fround(0.1), -2],
      pooled: null,
      pooledBase64: null,
      attention: null,
      model: { name: 'tiny', version: manifest.version, digest: manifest.digest },
      notice: NOTICE,
    });
    const bytes = Buffer.from(String(body.featuresBase64), 'base64');
    expect([0, 4, 8].map((at) => bytes.readFloatLE(at))).toEqual(body.features);
    expect(model.wanted).toEqual(['features']);
    expect(results.entries()).toEqual([]);
  });

  it('answers attention by head when asked, and only then', async () => {
    const { features, model } = createFeatures();

    const asked = await jsonOf(await features({ query: '?attention=true' }));
    const wanted = model.wanted;
    const unasked = await jsonOf(await features({ query: '?attention=false' }));

    expect(asked.attention).toMatchObject({ heads: expect.any(Number), weights: expect.any(Array) });
    expect(wanted).toEqual(['features', 'attention']);
    expect(unasked.attention).toBeNull();
  });

  it('serves a model without a classifier, with its pooler', async () => {
    const { features } = createFeatures({ labels: [], outputs: { pooled: 'pooled' } });

    const response = await features(asJson({ image: image.toString('base64') }));

    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({ pooled: [0.5, -0.5], pooledBase64: 'AAAAPwAAAL8=' });
  });

  it('answers 409 for a bundle from before features', async () => {
    const { features, model } = createFeatures({ outputs: { features: null, attention: null } });

    const response = await features();

    expect(await expectError(response, 409, 'MODEL_HAS_NO_FEATURES')).toContain('compile its checkpoint again');
    expect(model.runs).toBe(0);
  });

  it.each([
    ['an unknown query', { query: '?atention=true' }, 400, 'INVALID_REQUEST'],
    ['another value', { query: '?attention=yes' }, 400, 'INVALID_REQUEST'],
    ['an empty body', { body: '' }, 400, 'INVALID_REQUEST'],
    ['JSON without an image', asJson({}), 400, 'INVALID_REQUEST'],
    ['text', { headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_IMAGE'],
    ['what is no image', { body: 'no png' }, 415, 'UNSUPPORTED_IMAGE'],
    ['more than the limit', { body: Buffer.alloc(LIMITS.apiImageBytes + 1, 0x89) }, 413, 'IMAGE_TOO_LARGE'],
  ])('refuses %s as /v1/classify does', async (_, init, status, code) => {
    const { features, model } = createFeatures();

    const response = await features(init);

    await expectError(response, status, code);
    expect(model.runs).toBe(0);
  });

  it('logs one line a scan: an id, times and outcome', async () => {
    const { features, lines } = createFeatures();

    await features();

    expect(lines.map(({ message, fields }) => [message, fields.outcome])).toEqual([['scan', 'extracted']]);
    expect(Object.keys(lines[0]!.fields).sort()).toEqual([
      'decodeMs',
      'inferenceMs',
      'modelDigest',
      'outcome',
      'preprocessMs',
      'scanId',
    ]);
  });
});

describe('a model without a classifier', () => {
  it('answers 409 to what asks for labels, decodes and stores nothing', async () => {
    const { app, classify, model, results } = createFeatures({ labels: [] });

    const refused = [
      await classify(),
      await app.request('/models/tiny', { method: 'POST', body: image, headers: { 'content-type': 'image/png' } }),
    ];

    for (const response of refused) {
      expect(await expectError(response, 409, 'MODEL_HAS_NO_LABELS')).toContain('POST /v1/features');
    }
    expect(model.runs).toBe(0);
    expect(results.entries()).toEqual([]);
  });

  it('says of itself that it has no labels', async () => {
    const { app } = createFeatures({ labels: [] });

    const facts = await jsonOf(await app.request('/v1/model'));

    expect(facts).toMatchObject({ labels: [], graph: { outputs: { logits: null, features: 'features' } } });
  });
});
