import { createHandler, handler as deployedHandler } from '../../functions/authorize/handler';
import { createApiKey, rotateApiKey } from '../../lib/core/api-keys';
import { SulcusError } from '../../lib/core/errors';
import { createLogRecorder } from '../support/log-recorder';
import { createMemoryApiKeyStore } from '../support/memory-stores';

const API = 'arn:aws:execute-api:eu-central-1:123456789012:abc123/live';

const eventWith = (headers: Record<string, string | undefined> | null) => ({
  type: 'REQUEST',
  methodArn: `${API}/GET/v1/scans/4f0c2b9de1a94b0c8f2f6f0a5d3e7c11`,
  headers,
});

const createAuthorizer = async () => {
  const keys = createMemoryApiKeyStore();
  const logger = createLogRecorder();
  const { key, record } = await createApiKey(keys, 'test', 0);
  return { authorize: createHandler({ keys, logger }), keys, key, keyId: record.keyId, lines: logger.lines };
};

describe('the authorize function', () => {
  it('takes tokens instead of keys where there is a verifier, and tells failures from refusals', async () => {
    const logger = createLogRecorder();
    const verify = async (token: string) => {
      if (token === 'slow') throw new SulcusError('STORE_UNAVAILABLE', 'expected keys, received none');
      if (token !== 'good') throw new SulcusError('UNAUTHORIZED', 'expected a valid token, received another');
      return { issuer: 'https://login.example', subject: 'jane' };
    };
    const authorize = createHandler({ tokens: { verify }, logger });

    const answer = await authorize(eventWith({ Authorization: 'Bearer good' }));

    expect(answer.context.apiKeyId).toMatch(/^[0-9a-f]{12}$/);
    expect(answer.principalId).toBe(answer.context.apiKeyId);
    for (const headers of [{ Authorization: 'Bearer bad' }, { 'x-api-key': 'good' }, null]) {
      await expect(authorize(eventWith(headers))).rejects.toThrow(/^Unauthorized$/);
    }
    expect(logger.lines).toEqual([]);
    await expect(authorize(eventWith({ Authorization: 'Bearer slow' }))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(logger.lines).toHaveLength(1);
  });

  it.each([
    ['x-api-key', (key: string) => ({ 'x-api-key': key })],
    ['X-API-Key', (key: string) => ({ 'X-API-Key': key })],
    ['Authorization: Bearer', (key: string) => ({ Authorization: `Bearer ${key}` })],
    ['authorization: bearer', (key: string) => ({ authorization: `bearer ${key}` })],
  ])('lets a key in %s use the whole stage', async (_, headersWith) => {
    const { authorize, key, keyId } = await createAuthorizer();

    const answer = await authorize(eventWith(headersWith(key)));

    expect(answer).toEqual({
      principalId: keyId,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `${API}/*` }],
      },
      context: { apiKeyId: keyId },
    });
    expect(JSON.stringify(answer)).not.toContain(key);
  });

  it.each([
    ['no headers', null],
    ['none of the two headers', { accept: '*/*' }],
    ['a wrong key', { 'x-api-key': `sulcus_${'A'.repeat(43)}` }],
    ['no key of ours', { authorization: 'Bearer hf_xxx' }],
    ['another scheme', { authorization: 'Basic c3VsY3VzOmtleQ==' }],
  ])('says the word for 401 on %s', async (_, headers) => {
    const { authorize, lines } = await createAuthorizer();

    const asking = authorize(eventWith(headers));

    await expect(asking).rejects.toMatchObject({ message: 'Unauthorized', code: 'UNAUTHORIZED' });
    expect(lines).toEqual([]);
  });

  it('tells what the key may use, and when its secret ends', async () => {
    const keys = createMemoryApiKeyStore();
    const limits = { rate: { count: 20, per: 'minute' }, quota: 500 } as const;
    const { key, record } = await createApiKey(keys, 'test', 0, limits);
    await rotateApiKey(keys, record.keyId, 1_000, 0);
    let time = 999;
    const authorize = createHandler({ keys, logger: createLogRecorder(), now: () => time });

    const { context } = await authorize(eventWith({ 'x-api-key': key }));
    time += 1;
    const ended = authorize(eventWith({ 'x-api-key': key }));

    expect(context).toEqual({
      apiKeyId: record.keyId,
      rate: '20/minute',
      quota: '500',
      keyExpiresAt: '1970-01-01T00:00:01.000Z',
    });
    await expect(ended).rejects.toMatchObject({ message: 'Unauthorized' });
  });

  it('says it for a revoked key at once', async () => {
    const { authorize, keys, key, keyId } = await createAuthorizer();
    await authorize(eventWith({ 'x-api-key': key }));
    await keys.revoke(keyId, '2026-01-31T12:00:00.000Z');

    const asking = authorize(eventWith({ 'x-api-key': key }));

    await expect(asking).rejects.toThrow('Unauthorized');
  });

  it('fails, rather than refusing, when the store does, and logs why', async () => {
    const logger = createLogRecorder();
    const cause = new SulcusError('STORE_UNAVAILABLE', 'expected DynamoDB, received nothing');
    const keys = { ...createMemoryApiKeyStore(), find: async () => Promise.reject(cause) };

    const asking = createHandler({ keys, logger })(eventWith({ 'x-api-key': `sulcus_${'A'.repeat(43)}` }));

    await expect(asking).rejects.toBe(cause);
    expect(logger.lines).toEqual([expect.objectContaining({ level: 'error', error: cause })]);
  });

  it('names the environment variable that is missing', async () => {
    const starting = deployedHandler(eventWith(null));

    await expect(starting).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('SULCUS_TABLE'),
    });
  });
});
