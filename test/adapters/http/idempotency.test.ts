import { createApiUnderTest, expectError, image, jsonOf, otherImage } from './api-under-test';

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });

describe('Idempotency-Key on POST /v1/classify', () => {
  it('answers a repeated request with the first result, without classifying again', async () => {
    const { classify, model, results } = createApiUnderTest();

    const first = await jsonOf(await classify(keyed('k')));
    const second = await jsonOf(await classify(keyed('k')));

    expect(second).toEqual(first);
    expect(model.runs).toBe(1);
    expect(results.entries()).toHaveLength(1);
  });

  it('takes the same image in another wrapping for the same request', async () => {
    const { classify } = createApiUnderTest();

    const raw = await jsonOf(await classify(keyed('k')));
    const json = await classify({
      headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify({ image: image.toString('base64') }),
    });

    expect(await jsonOf(json)).toEqual(raw);
  });

  it('refuses the key of another image with 422', async () => {
    const { classify } = createApiUnderTest();

    await classify(keyed('k'));
    const response = await classify({ ...keyed('k'), body: otherImage });

    await expectError(response, 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('lets concurrent requests agree on one result', async () => {
    const { classify, results } = createApiUnderTest();

    const responses = await Promise.all(Array.from({ length: 8 }, () => classify(keyed('k'))));

    const bodies = await Promise.all(responses.map(jsonOf));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(results.entries()).toHaveLength(1);
  });

  it('lets one of two images that race for a key win and refuses the other', async () => {
    const { classify, results } = createApiUnderTest();

    const responses = await Promise.all([classify(keyed('k')), classify({ ...keyed('k'), body: otherImage })]);

    expect(responses.map(({ status }) => status).sort()).toEqual([200, 422]);
    expect(results.entries()).toHaveLength(1);
  });

  it('keeps the keys of different API keys apart', async () => {
    const { classify, caller } = createApiUnderTest();

    const first = await jsonOf(await classify(keyed('k')));
    caller.apiKeyId = 'key-2';
    const second = await jsonOf(await classify({ ...keyed('k'), body: otherImage }));

    expect(second.scanId).not.toBe(first.scanId);
  });

  it('does not bring a deleted scan back', async () => {
    const { app, classify } = createApiUnderTest();

    const { scanId } = await jsonOf(await classify(keyed('k')));
    await app.request(`/v1/scans/${scanId}`, { method: 'DELETE' });
    const response = await classify(keyed('k'));

    await expectError(response, 404, 'SCAN_NOT_FOUND');
  });

  it('leaves the key free when the image is refused', async () => {
    const { classify } = createApiUnderTest();

    await expectError(await classify({ ...keyed('k'), body: 'no png' }), 415, 'UNSUPPORTED_IMAGE');
    const response = await classify(keyed('k'));

    expect(response.status).toBe(200);
  });

  it('gives the same scan id with store=false, and keeps nothing', async () => {
    const { classify, results } = createApiUnderTest();

    const first = await jsonOf(await classify({ ...keyed('k'), query: '?store=false' }));
    const second = await jsonOf(await classify({ ...keyed('k'), query: '?store=false' }));

    expect(second.scanId).toBe(first.scanId);
    expect(results.entries()).toEqual([]);
  });

  it.each([
    ['a space', 'a b'],
    ['nothing', ''],
    ['256 characters', 'k'.repeat(256)],
    ['a letter beyond ASCII', 'é'],
  ])('refuses a key of %s with 400', async (_, key) => {
    const { classify } = createApiUnderTest();

    const response = await classify(keyed(key));

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain('1 to 255 visible ASCII characters');
  });
});

describe('Idempotency-Key on POST /v1/scans', () => {
  const announce = (app: ReturnType<typeof createApiUnderTest>['app'], contentType: string) =>
    app.request('/v1/scans', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: JSON.stringify({ contentType }),
    });

  it('answers the same scan id again and another content type with 422', async () => {
    const { app, results } = createApiUnderTest();

    const first = await jsonOf(await announce(app, 'image/png'));
    const second = await jsonOf(await announce(app, 'image/png'));
    const other = await announce(app, 'image/tiff');

    expect(second.scanId).toBe(first.scanId);
    expect(results.entries()).toHaveLength(1);
    await expectError(other, 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('does not meet the keys of POST /v1/classify', async () => {
    const { app, classify } = createApiUnderTest();

    const classified = await jsonOf(await classify(keyed('k')));
    const announced = await jsonOf(await announce(app, 'image/png'));

    expect(announced.scanId).not.toBe(classified.scanId);
  });
});
