import * as fc from 'fast-check';
import { createApiUnderTest, image } from './api-under-test';

const ownCodes = new Set([
  'INVALID_REQUEST',
  'SCAN_NOT_FOUND',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'UNSUPPORTED_IMAGE',
]);

/** A refusal in our shape that is the caller's fault, or success: nothing from outside makes a 5xx. */
const expectAnswer = async (response: Response): Promise<void> => {
  if (response.status < 300) return;
  const { error } = (await response.json()) as { error: { code: string; message: string } };

  expect(response.status).toBeLessThan(500);
  expect(ownCodes).toContain(error.code);
  expect(error.message.length).toBeLessThan(1500);
  expect(error.message).not.toMatch(/\p{Cc}/u);
};

const postJson = (app: ReturnType<typeof createApiUnderTest>['app'], path: string, body: string) =>
  app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('whatever comes from outside', () => {
  const { app } = createApiUnderTest();

  it.each(['/v1/classify', '/v1/scans', '/models/tiny'])('as JSON to %s gets an answer in our shape', async (path) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .record({ image: fc.jsonValue(), inputs: fc.jsonValue(), parameters: fc.jsonValue() })
            .map((value) => JSON.stringify(value)),
        ),
        async (body) => expectAnswer(await postJson(app, path, body)),
      ),
    );
  });

  it('as query gets an answer in our shape', async () => {
    const name = fc.oneof(fc.constantFrom('label', 'state', 'key', 'from', 'to', 'cursor', 'limit'), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, fc.string({ unit: 'binary' })), { maxLength: 4 }), async (pairs) =>
        expectAnswer(await app.request(`/v1/scans?${new URLSearchParams(pairs)}`)),
      ),
    );
  });

  it('as raw text in path and query gets an answer in our shape', async () => {
    const raw = fc.string({ unit: fc.constantFrom(...'%/?&=+.#;0aF\\~é ') });
    await fc.assert(
      fc.asyncProperty(raw, fc.constantFrom('/v1/scans/', '/v1/scans?label=', '/', '/models/'), async (text, prefix) =>
        expectAnswer(await app.request(`http://localhost${prefix}${text}`)),
      ),
    );
  });

  it('as base64 with white space anywhere is the image that was encoded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 0, maxLength: 64 }),
        fc.array(fc.tuple(fc.nat(200), fc.constantFrom(' ', '\n', '\r\n', '\t')), { maxLength: 5 }),
        async (tail, spaces) => {
          const bytes = Buffer.concat([image, tail]);
          let text = bytes.toString('base64');
          for (const [at, space] of spaces) text = `${text.slice(0, at)}${space}${text.slice(at)}`;

          const response = await postJson(app, '/models/tiny', JSON.stringify({ inputs: text }));
          const raw = await app.request('/models/tiny', { method: 'POST', body: bytes });

          expect(response.status).toBe(200);
          expect(await response.json()).toEqual(await raw.json());
        },
      ),
    );
  });

  it('and breaks off is the sender’s fault', async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(image)),
      pull: (controller) => controller.error(new Error('connection reset')),
    });

    const response = await app.request('/v1/classify', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: broken,
      duplex: 'half',
    } as RequestInit);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_REQUEST' } });
  });
});
