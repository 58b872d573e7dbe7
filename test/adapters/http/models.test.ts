import type { ServedModel } from '../../../lib/core/served-models';
import { createFakeClassify, createFakeModel, createHeadlessModel } from '../../support/fake-classifier';
import { createApiUnderTest, expectError, image, jsonOf, manifest } from './api-under-test';

/** A version of a model beside the main one, `tiny` 1.0.0; its decoder and labels are its own. */
const served = (name: string, version: string, digit: string, model = createFakeModel()): ServedModel => {
  const own = { ...model.manifest, name, version, digest: `sha256:${digit.repeat(64)}` };
  return { classify: createFakeClassify({ ...model, manifest: own }), manifest: async () => own };
};

const other = served('other', '2.0.0', 'a');
const newer = served('tiny', '1.1.0', 'b');

const send = (app: ReturnType<typeof createApiUnderTest>['app'], path: string, headers: Record<string, string> = {}) =>
  app.request(`/v1/models/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'image/png', ...headers },
    body: image,
  });

const post = (app: ReturnType<typeof createApiUnderTest>['app'], name: string, headers: Record<string, string> = {}) =>
  send(app, `${name}/classify`, headers);

describe('GET /v1/models', () => {
  it('lists what is served, the main one first, with what each is asked for by', async () => {
    const { app } = createApiUnderTest({ models: [newer, other] });

    const { items } = await jsonOf(await app.request('/v1/models'));

    expect(items).toEqual([
      { name: 'tiny', version: '1.0.0', digest: manifest.digest, path: 'tiny@1.0.0', main: true, labels: 3 },
      {
        name: 'tiny',
        version: '1.1.0',
        digest: `sha256:${'b'.repeat(64)}`,
        path: 'tiny@1.1.0',
        main: false,
        labels: 3,
      },
      { name: 'other', version: '2.0.0', digest: `sha256:${'a'.repeat(64)}`, path: 'other', main: false, labels: 3 },
    ]);
  });

  it('lists the one there is', async () => {
    const { app } = createApiUnderTest();

    expect(await jsonOf(await app.request('/v1/models'))).toMatchObject({ items: [{ path: 'tiny', main: true }] });
  });
});

describe('GET /v1/models/{name}', () => {
  it.each([
    ['tiny', '1.0.0'],
    ['tiny@1.0.0', '1.0.0'],
    ['tiny@1.1.0', '1.1.0'],
    ['tiny%401.1.0', '1.1.0'],
    ['other', '2.0.0'],
    ['other@2.0.0', '2.0.0'],
  ])('answers the facts of %s', async (name, version) => {
    const { app } = createApiUnderTest({ models: [newer, other] });

    const response = await app.request(`/v1/models/${name}`);

    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({ version, notice: expect.any(String) });
  });

  it.each(['google', 'tiny@9.9.9', 'other@', '@2.0.0'])(
    'names those that are served when asked for %s',
    async (name) => {
      const { app } = createApiUnderTest({ models: [newer, other] });

      const message = await expectError(await app.request(`/v1/models/${name}`), 404, 'MODEL_NOT_FOUND');

      expect(message).toBe(`expected tiny@1.0.0 or tiny@1.1.0 or other for the model name, received "${name}"`);
    },
  );
});

describe('POST /v1/models/{name}/classify', () => {
  it('classifies by the model that is named, and keeps its digest with the result', async () => {
    const { app, results, model } = createApiUnderTest({ models: [newer, other] });

    const byOther = await jsonOf(await post(app, 'other'));
    const byNewer = await jsonOf(await post(app, 'tiny@1.1.0'));

    expect(model.runs).toBe(0);
    expect([byOther.model, byNewer.model]).toEqual([
      { name: 'other', version: '2.0.0', digest: `sha256:${'a'.repeat(64)}` },
      { name: 'tiny', version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` },
    ]);
    expect(results.entries().map((entry) => 'model' in entry && entry.model)).toEqual([byOther.model, byNewer.model]);
  });

  it('is /v1/classify for the main one', async () => {
    const { app, model, classify } = createApiUnderTest({ models: [other] });

    const named = await jsonOf(await post(app, 'tiny', { 'idempotency-key': 'a' }));
    const plain = await jsonOf(await classify({ headers: { 'idempotency-key': 'a' } }));

    expect(plain).toEqual(named);
    expect(model.runs).toBe(1);
  });

  it('takes one Idempotency-Key for another scan at another bundle, and for the same at the same', async () => {
    const { app } = createApiUnderTest({ models: [newer, other] });
    const key = { 'idempotency-key': 'a' };

    const ids = await Promise.all(
      ['tiny', 'tiny@1.1.0', 'other', 'other', 'other@2.0.0'].map(
        async (name) => (await jsonOf(await post(app, name, key))).scanId,
      ),
    );

    expect(new Set(ids).size).toBe(3);
    expect(new Set(ids.slice(2)).size).toBe(1);
  });

  it('keeps nothing with store=false, and counts the scan as any other', async () => {
    const { app, results, meter } = createApiUnderTest({ models: [other] });

    const response = await send(app, 'other/classify?store=false');

    expect(response.status).toBe(200);
    expect(results.entries()).toEqual([]);
    expect(await meter.usage.list('key-1', '2026-01-01', '2026-12-31')).toEqual([
      expect.objectContaining({ scans: 1 }),
    ]);
  });

  it('refuses a name that is not served, before it reads the image', async () => {
    const { app } = createApiUnderTest({ models: [other] });

    const message = await expectError(await post(app, 'google'), 404, 'MODEL_NOT_FOUND');

    expect(message).toBe('expected tiny or other for the model name, received "google"');
  });
});

describe('POST /v1/models/{name}/features', () => {
  it('extracts by the model that is named, stores nothing, and counts the scan', async () => {
    const headless = served('headless', '1.1.0', 'b', createHeadlessModel());
    const { app, results, model, meter } = createApiUnderTest({ models: [other, headless] });

    const response = await send(app, 'headless@1.1.0/features');

    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({
      features: [image[0], image[0], image[0]],
      model: { name: 'headless', version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` },
    });
    expect(model.runs).toBe(0);
    expect(results.entries()).toEqual([]);
    expect(await meter.usage.list('key-1', '2026-01-01', '2026-12-31')).toEqual([
      expect.objectContaining({ scans: 1 }),
    ]);
  });

  it('refuses a name that is not served', async () => {
    const { app } = createApiUnderTest({ models: [other] });

    await expectError(await send(app, 'google/features'), 404, 'MODEL_NOT_FOUND');
  });
});

it("serves Hugging Face's clients every model by its name", async () => {
  const { app, model } = createApiUnderTest({ models: [other] });

  const response = await app.request('/models/other', { method: 'POST', body: image });

  expect(response.status).toBe(200);
  expect(((await response.json()) as { label: string }[]).map(({ label }) => label).toSorted()).toEqual([
    'mild',
    'none',
    'strong',
  ]);
  expect(model.runs).toBe(0);
});
