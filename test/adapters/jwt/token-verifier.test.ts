import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { createTokenVerifier } from '../../../lib/adapters/jwt';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

const AUDIENCE = 'sulcus';
let server: Server;
let issuer: string;
let ours: Pair;
let keys: JWK[];
let answers: Record<string, () => object>;
let asked: string[];

beforeAll(async () => {
  ours = await generateKeyPair('ES256', { extractable: true });
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer?.() ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  keys = [{ ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'ES256' }];
  asked = [];
  answers = {
    '/.well-known/openid-configuration': () => ({ issuer, jwks_uri: `${issuer}/keys` }),
    '/keys': () => ({ keys }),
  };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const VALID = { sub: 'jane@example.org', aud: AUDIENCE, exp: SECONDS + 60 };

const sign = (payload: JWTPayload, { privateKey } = ours, kid = 'ours') =>
  new SignJWT({ iss: issuer, ...payload }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
const open = (options: { jwksUri?: string } = {}) =>
  createTokenVerifier({ issuer, audience: AUDIENCE, now: () => NOW, ...options });

describe('a token verifier', () => {
  it('tells whose token it is, by keys it finds itself and fetches once', async () => {
    const verifier = open();

    const first = await verifier.verify(await sign(VALID));
    const second = await verifier.verify(await sign({ ...VALID, aud: ['other', AUDIENCE], sub: 'john' }));

    expect([first, second]).toEqual([
      { issuer, subject: 'jane@example.org' },
      { issuer, subject: 'john' },
    ]);
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('takes the keys from where it is told', async () => {
    await open({ jwksUri: `${issuer}/keys` }).verify(await sign(VALID));

    expect(asked).toEqual(['/keys']);
  });

  it('refuses tokens of another issuer, audience, key or time, and without subject or end', async () => {
    const theirs = await generateKeyPair('ES256');
    const { sub, exp, aud } = VALID;
    const tokens = [
      await sign({ ...VALID, iss: 'https://other.example' }),
      await sign({ ...VALID, aud: 'other' }),
      await sign({ sub, exp }),
      await sign({ ...VALID, exp: SECONDS - 6 }),
      await sign({ ...VALID, nbf: SECONDS + 6 }),
      await sign({ aud, exp }),
      await sign({ sub, aud }),
      await sign(VALID, theirs),
      await sign(VALID, theirs, 'theirs'),
      'not.a.token',
      `${(await sign(VALID)).slice(0, -4)}AAAA`,
    ];
    const verifier = open();

    for (const token of tokens) await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('refuses tokens without a signature, or signed by what everybody knows', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${part({ alg: 'none', kid: 'ours' })}.${part({ iss: issuer, ...VALID })}.`;
    const secret = new TextEncoder().encode(JSON.stringify(keys[0]));
    const hmac = await new SignJWT({ iss: issuer, ...VALID })
      .setProtectedHeader({ alg: 'HS256', kid: 'ours' })
      .sign(secret);

    for (const token of [unsigned, hmac]) {
      await expect(open().verify(token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    }
  });

  it.each(['/.well-known/openid-configuration', '/keys'])(
    'does not blame the token while %s does not answer, and asks again',
    async (path) => {
      const verifier = open();
      const { [path]: answer, ...others } = answers;
      answers = others;
      const token = await sign(VALID);

      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      answers = { ...others, [path]: answer as () => object };

      expect(await verifier.verify(token)).toEqual({ issuer, subject: 'jane@example.org' });
    },
  );

  it('takes no configuration that names another issuer', async () => {
    answers['/.well-known/openid-configuration'] = () => ({
      issuer: 'https://other.example',
      jwks_uri: `${issuer}/keys`,
    });

    await expect(open().verify(await sign(VALID))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
