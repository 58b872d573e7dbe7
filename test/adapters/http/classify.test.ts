import { NOTICE, scanResultSchema } from '../../../lib/core/contract';
import { SulcusError } from '../../../lib/core/errors';
import { LIMITS } from '../../../lib/topology';
import { createMemoryResultStore } from '../../support/memory-stores';
import { createApiUnderTest, expectError, image, jsonOf, manifest } from './api-under-test';

const asJson = (body: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('POST /v1/classify', () => {
  it('answers the scores of all labels, highest first, in the shape of the contract', async () => {
    const { classify } = createApiUnderTest();

    const response = await classify();

    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(() => scanResultSchema.parse(body)).not.toThrow();
    expect(body).toMatchObject({
      state: 'classified',
      label: 'a',
      scores: [
        { label: 'a', logit: 3 },
        { label: 'c', logit: 1 },
        { label: 'b', logit: 0.5 },
      ],
      truncated: false,
      model: { name: 'tiny', version: manifest.version, digest: manifest.digest },
      source: { kind: 'api', bucket: null, key: null, versionId: null },
      error: null,
      apiKeyId: 'key-1',
      createdAt: '2026-01-31T12:00:01.000Z',
      notice: NOTICE,
    });
  });

  it('says the same for raw bytes, base64, base64 in lines and a data: URL', async () => {
    const { classify } = createApiUnderTest();
    const base64 = image.toString('base64');

    const answers = await Promise.all([
      classify(),
      classify({ headers: { 'content-type': 'application/octet-stream' } }),
      classify({ headers: { 'content-type': 'IMAGE/JPEG; charset=binary' } }),
      classify(asJson({ image: base64 })),
      classify(asJson({ image: `${base64.slice(0, 4)}\r\n ${base64.slice(4)}\n` })),
      classify(asJson({ image: `data:image/png;base64,${base64}` })),
      classify({ ...asJson({ image: base64 }), headers: { 'content-type': 'application/json; charset=utf-8' } }),
    ]);

    const scores = await Promise.all(answers.map(async (answer) => (await jsonOf(answer)).scores));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(scores.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it('stores the result, so that it can be read by its id', async () => {
    const { app, classify } = createApiUnderTest();

    const posted = await jsonOf(await classify());
    const read = await app.request(`/v1/scans/${posted.scanId}`);

    expect(await jsonOf(read)).toEqual(posted);
  });

  it('keeps nothing with store=false', async () => {
    const { classify, results } = createApiUnderTest();

    const response = await classify({ query: '?store=false' });

    expect(response.status).toBe(200);
    expect(results.entries()).toEqual([]);
  });

  it('answers all of 25 labels and keeps the top 20', async () => {
    const labels = Array.from({ length: 25 }, (_, index) => `label-${index}`);
    const { app, classify } = createApiUnderTest({}, { labels });

    const posted = await jsonOf(await classify());
    const read = await jsonOf(await app.request(`/v1/scans/${posted.scanId}`));

    expect(posted).toMatchObject({ truncated: false, scores: { length: 25 } });
    expect(read).toMatchObject({ truncated: true, scores: { length: LIMITS.storedScores } });
    expect(read.scores).toEqual((posted.scores as unknown[]).slice(0, LIMITS.storedScores));
  });

  it.each([
    ['text', { 'content-type': 'text/plain' }, '"text/plain"'],
    ['a form', { 'content-type': 'multipart/form-data; boundary=x' }, '"multipart/form-data"'],
    ['no content type', { 'content-type': '' }, 'nothing'],
  ])('refuses %s with 415 and says what it takes', async (_, headers, received) => {
    const { classify } = createApiUnderTest();

    const response = await classify({ headers });

    const message = await expectError(response, 415, 'UNSUPPORTED_IMAGE');
    expect(message).toContain('image/* or application/octet-stream');
    expect(message).toContain('application/json');
    expect(message).toContain(`received ${received}`);
  });

  it.each([
    ['an empty raw body', { body: '' }, 'received an empty body'],
    ['an empty JSON body', asJson(''), 'received an empty body'],
    ['broken JSON', asJson('{"image":'), 'expected a JSON body'],
    ['JSON that is no UTF-8', { ...asJson(''), body: Buffer.from([0x22, 0xff, 0x22]) }, 'expected a JSON body'],
    ['a JSON array', asJson([]), 'received an array of 0'],
    ['JSON null', asJson('null'), 'received null'],
    ['no image', asJson({ picture: 'x' }), 'for image, received nothing'],
    ['an image of another type', asJson({ image: 5 }), 'expected string for image, received 5'],
    ['an empty image', asJson({ image: '' }), 'for image, received ""'],
    ['no base64', asJson({ image: 'not base64!' }), 'expected padded base64'],
    ['URL-safe base64', asJson({ image: '_-_-' }), 'expected padded base64'],
    ['unpadded base64', asJson({ image: 'iVBORw0' }), 'expected padded base64'],
    ['a URL', asJson({ image: 'https://example.org/scan.png' }), 'expected padded base64'],
    ['only white space', asJson({ image: ' \n ' }), 'expected padded base64'],
    ['deep nesting', asJson(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), 'received an array of 1'],
    ['a poisoned prototype', asJson('{"__proto__":{"image":"iVBORw0KGgo="}}'), 'for image, received nothing'],
  ])('refuses %s with 400', async (_, init, expected) => {
    const { classify } = createApiUnderTest();

    const response = await classify(init);

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain(expected);
  });

  it('never repeats a long value', async () => {
    const { classify } = createApiUnderTest();

    const response = await classify(asJson({ image: '!'.repeat(100_000) }));

    const message = await expectError(response, 400, 'INVALID_REQUEST');
    expect(message).toContain('received text of 100000 characters');
    expect(message.length).toBeLessThan(300);
  });

  it.each([
    ['raw bytes by their announced length', { body: Buffer.alloc(LIMITS.apiImageBytes + 1, 0x89) }],
    ['base64', asJson({ image: Buffer.alloc(LIMITS.apiImageBytes + 1, 0x89).toString('base64') })],
    ['a JSON body', asJson({ image: 'A'.repeat(LIMITS.apiBodyBytes) })],
  ])('refuses %s over the limit with 413, the limit and the other way in', async (_, init) => {
    const { classify } = createApiUnderTest();

    const response = await classify(init);

    const message = await expectError(response, 413, 'IMAGE_TOO_LARGE');
    expect(message).toMatch(new RegExp(`at most (${LIMITS.apiImageBytes}|${LIMITS.apiBodyBytes}) bytes`));
    expect(message).toContain('POST /v1/scans');
  });

  it('stops reading an endless body after 64 MiB', async () => {
    const { app } = createApiUnderTest();
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000_000));
      },
    });

    const response = await app.request('/v1/classify', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: endless,
      duplex: 'half',
    } as RequestInit);

    await expectError(response, 413, 'IMAGE_TOO_LARGE');
    expect(pulled).toBeLessThan(80);
  });

  it('takes an image of exactly the limit', async () => {
    const { classify } = createApiUnderTest();
    const largest = Buffer.alloc(LIMITS.apiImageBytes, 0x89);

    const responses = [
      await classify({ body: largest }),
      await classify(asJson({ image: largest.toString('base64') })),
    ];

    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each([
    ['?store=maybe', 'for store, received "maybe"'],
    ['?store=', 'for store, received ""'],
    ['?sotre=false', 'expected no unknown query parameter, received "sotre"'],
    ['?store=true&store=false', 'for store, received an array of 2'],
  ])('refuses the query %s before it classifies', async (query, expected) => {
    const { classify, model } = createApiUnderTest();

    const response = await classify({ query });

    expect(await expectError(response, 400, 'INVALID_REQUEST')).toContain(expected);
    expect(model.runs).toBe(0);
  });

  it('logs one line a scan: ids, times and outcome', async () => {
    const { classify, lines } = createApiUnderTest();

    const { scanId } = await jsonOf(await classify());
    await classify({ body: 'no png' });

    expect(lines).toEqual([
      {
        level: 'info',
        message: 'scan',
        fields: {
          scanId,
          outcome: 'classified',
          modelDigest: manifest.digest,
          decodeMs: expect.any(Number),
          preprocessMs: expect.any(Number),
          inferenceMs: expect.any(Number),
          abstained: false,
          abstainReason: null,
        },
      },
      {
        level: 'info',
        message: 'scan',
        fields: { scanId: expect.stringMatching(/^[0-9a-f]{32}$/), outcome: 'UNSUPPORTED_IMAGE' },
      },
    ]);
  });

  it('keeps no result when the store fails, and says so without the cause', async () => {
    const cause = new SulcusError('STORE_UNAVAILABLE', 'secret table name');
    const { classify, lines } = createApiUnderTest({
      results: {
        ...createMemoryResultStore(),
        createOnce: async () => {
          throw cause;
        },
      },
    });

    const response = await classify();

    const message = await expectError(response, 503, 'STORE_UNAVAILABLE');
    expect(message).not.toContain('secret');
    expect(response.headers.get('retry-after')).toBe('5');
    expect(lines.at(-1)).toMatchObject({ level: 'error', error: cause, fields: { requestId: 'request-1' } });
  });
});
