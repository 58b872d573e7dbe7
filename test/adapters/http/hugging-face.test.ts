import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { InferenceClient } from '@huggingface/inference';
import { createApiUnderTest, expectError, image, manifest } from './api-under-test';

const LOGITS = [
  ['a', 3],
  ['c', 1],
  ['b', 0.5],
] as const;

const softmax = (logit: number) =>
  Math.exp(logit) / LOGITS.map(([, each]) => Math.exp(each)).reduce((sum, each) => sum + each, 0);

const scoresBy = (activate: (logit: number) => number) =>
  LOGITS.map(([label, logit]) => ({ label, score: expect.closeTo(activate(logit), 12) }));

const post = (app: ReturnType<typeof createApiUnderTest>['app'], parameters?: unknown) =>
  app.request('/models/tiny', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: image.toString('base64'), parameters }),
  });

describe('POST /models/{name}', () => {
  it.each([['image/png'], ['application/octet-stream'], ['application/x-www-form-urlencoded'], ['']])(
    'takes bytes with content type "%s"',
    async (contentType) => {
      const { app } = createApiUnderTest();

      const response = await app.request('/models/tiny', {
        method: 'POST',
        headers: contentType === '' ? {} : { 'content-type': contentType },
        body: image,
      });

      expect(await response.json()).toEqual(scoresBy(softmax));
    },
  );

  it.each<[string, unknown, unknown]>([
    ['nothing', undefined, scoresBy(softmax)],
    ['null', null, scoresBy(softmax)],
    ['null members', { top_k: null, function_to_apply: null }, scoresBy(softmax)],
    ['top_k 1', { top_k: 1 }, scoresBy(softmax).slice(0, 1)],
    ['more than there are', { top_k: 5 }, scoresBy(softmax)],
    ['softmax', { function_to_apply: 'softmax' }, scoresBy(softmax)],
    ['sigmoid', { function_to_apply: 'sigmoid' }, scoresBy((logit) => 1 / (1 + Math.exp(-logit)))],
    ['none', { function_to_apply: 'none', top_k: 2 }, scoresBy((logit) => logit).slice(0, 2)],
    ['unknown members', { temperature: 1 }, scoresBy(softmax)],
  ])('answers for parameters: %s', async (_, parameters, expected) => {
    const { app } = createApiUnderTest();

    const response = await post(app, parameters);

    expect(await response.json()).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['top_k 0', { top_k: 0 }, 'for parameters.top_k, received 0'],
    ['top_k of another type', { top_k: '1' }, 'for parameters.top_k, received "1"'],
    ['an unknown function', { function_to_apply: 'relu' }, 'for parameters.function_to_apply, received "relu"'],
    ['parameters of another type', [], 'for parameters, received an array of 0'],
  ])('refuses %s with 400', async (_, parameters, expected) => {
    const { app } = createApiUnderTest();

    const response = await post(app, parameters);

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain(expected);
  });

  it('names the served model when asked for another', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/models/google', { method: 'POST', body: image });

    const message = await expectError(response, 404, 'MODEL_NOT_FOUND');
    expect(message).toBe('expected tiny for the model name, received "google"');
  });

  it('says what happened to bytes that a gateway took for text', async () => {
    const { app } = createApiUnderTest();
    const mangled = image.toString('utf8');

    const response = await app.request('/models/tiny', { method: 'POST', body: mangled });

    const message = await expectError(response, 415, 'UNSUPPORTED_IMAGE');
    expect(message).toContain('send them with an image content type');
  });

  it('stores nothing and logs one line', async () => {
    const { app, results, lines } = createApiUnderTest();

    await app.request('/models/tiny', { method: 'POST', body: image });

    expect(results.entries()).toEqual([]);
    expect(lines).toEqual([expect.objectContaining({ fields: expect.objectContaining({ outcome: 'classified' }) })]);
  });
});

describe("Hugging Face's own client", () => {
  const withServer = async (use: (client: InferenceClient, endpointUrl: string) => Promise<void>) => {
    const { app } = createApiUnderTest();
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await use(new InferenceClient('sulcus_key'), `http://127.0.0.1:${port}/models/${manifest.name}`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  };

  it.each([
    ['with a type', { type: 'image/png' }],
    ['without one', {}],
  ])('gets labels for a Blob %s', async (_, options) => {
    await withServer(async (client, endpointUrl) => {
      const answer = await client.imageClassification({
        endpointUrl,
        inputs: new Blob([new Uint8Array(image)], options),
      });

      expect(answer).toEqual(scoresBy(softmax));
    });
  });

  it('gets labels for an ArrayBuffer', async () => {
    await withServer(async (client, endpointUrl) => {
      const answer = await client.imageClassification({ endpointUrl, data: new Uint8Array(image).buffer });

      expect(answer).toEqual(scoresBy(softmax));
    });
  });

  it('gets an error that it can read', async () => {
    await withServer(async (client, endpointUrl) => {
      const asking = client.imageClassification({ endpointUrl, inputs: new Blob(['no image'], { type: 'image/png' }) });

      await expect(asking).rejects.toMatchObject({
        httpResponse: { status: 415, body: { error: { code: 'UNSUPPORTED_IMAGE' } } },
      });
    });
  });
});
