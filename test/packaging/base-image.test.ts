import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BaseImage,
  buildableBase,
  pinBaseImage,
  readBaseImage,
  referenceOf,
  UNPINNED_IMAGE,
} from '../../lib/packaging/base-image';
import { distOf } from '../../lib/packaging/layout';
import { lookUpDigest } from '../../lib/packaging/registry-digest';
import { type Checkout, createCheckout } from './checkout';

const SOURCE = 'functions/classify-api/Dockerfile';
const DIGEST = `sha256:${'ab'.repeat(32)}`;
const UNPINNED: BaseImage = { registry: 'registry.example', repository: 'lambda/nodejs', tag: '24', digest: undefined };
const dockerfile = (reference: string) => `# one place\nARG BASE_IMAGE=${reference}\nFROM \${BASE_IMAGE} AS runtime\n`;

let checkout: Checkout;
beforeEach(() => {
  checkout = createCheckout();
});
afterEach(() => checkout.remove());
const read = (path: string): string => readFileSync(join(checkout.root, path), 'utf8');

describe('the base image', () => {
  test.each([
    ['registry.example/lambda/nodejs:24', UNPINNED],
    [`registry.example/lambda/nodejs:24@${DIGEST}`, { ...UNPINNED, digest: DIGEST }],
    ['127.0.0.1:5000/base:24.1', { registry: '127.0.0.1:5000', repository: 'base', tag: '24.1', digest: undefined }],
  ])('is read from the Dockerfile: %s', async (reference, expected) => {
    checkout.write(SOURCE, dockerfile(reference));

    const base = await readBaseImage(join(checkout.root, SOURCE));

    expect(base).toEqual(expected);
    expect(referenceOf(base)).toBe(reference);
  });

  test.each(['nodejs', 'registry.example/nodejs', 'registry.example/nodejs:24@sha256:12', ''])(
    'is refused when it is %j',
    async (reference) => {
      checkout.write(SOURCE, dockerfile(reference));

      await expect(readBaseImage(join(checkout.root, SOURCE))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    },
  );

  test('is refused when the Dockerfile does not name it, or is absent', async () => {
    checkout.write(SOURCE, 'FROM scratch\n');

    await expect(readBaseImage(join(checkout.root, SOURCE))).rejects.toThrow('received no such line');
    await expect(readBaseImage(join(checkout.root, 'absent'))).rejects.toThrow('received no such line');
  });

  test('can be built from once it is pinned, and only then', () => {
    expect(buildableBase(UNPINNED)).toBe(UNPINNED_IMAGE);
    expect(buildableBase({ ...UNPINNED, digest: DIGEST })).toBe(`registry.example/lambda/nodejs:24@${DIGEST}`);
  });
});

describe('pinning', () => {
  const staged = () => join(distOf(checkout.root).image, 'Dockerfile');
  const never = async (): Promise<string> => {
    throw new TypeError('looked up');
  };

  test('writes the digest that was looked up into the source and its staged copy, and changes nothing else', async () => {
    checkout.write(SOURCE, dockerfile('registry.example/lambda/nodejs:24'));
    mkdirSync(distOf(checkout.root).image, { recursive: true });
    checkout.write('dist/image/Dockerfile', dockerfile('registry.example/lambda/nodejs:24'));

    const { base, changed } = await pinBaseImage({ root: checkout.root, lookUp: async () => DIGEST });

    expect([base.digest, changed]).toEqual([DIGEST, true]);
    expect(read(SOURCE)).toBe(dockerfile(`registry.example/lambda/nodejs:24@${DIGEST}`));
    expect(readFileSync(staged(), 'utf8')).toBe(read(SOURCE));
  });

  test('asks nobody where there is a digest already', async () => {
    checkout.write(SOURCE, dockerfile(`registry.example/lambda/nodejs:24@${DIGEST}`));

    const { base, changed } = await pinBaseImage({ root: checkout.root, lookUp: never });

    expect([base.digest, changed]).toEqual([DIGEST, false]);
  });

  test('takes a digest that is given instead of both', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    checkout.write(SOURCE, dockerfile(`registry.example/lambda/nodejs:24@${DIGEST}`));

    const { changed } = await pinBaseImage({ root: checkout.root, digest: other, lookUp: never });

    expect(changed).toBe(true);
    expect(read(SOURCE)).toContain(`nodejs:24@${other}\n`);
  });

  test.each(['24', 'sha256:12', `${DIGEST}0`])('refuses %j for a digest, and writes nothing', async (digest) => {
    checkout.write(SOURCE, dockerfile('registry.example/lambda/nodejs:24'));

    await expect(pinBaseImage({ root: checkout.root, digest, lookUp: never })).rejects.toThrow(
      'expected sha256: and 64 hex digits',
    );
    expect(read(SOURCE)).toBe(dockerfile('registry.example/lambda/nodejs:24'));
  });
});

/** A registry of one image: what it was asked, and its answers as the distribution specification has them. */
const registry = (manifest: string, { token = 'anonymous', announced = '' } = {}) => {
  const asked: string[] = [];
  const fetcher = (async (input: URL | string, init: RequestInit = {}) => {
    const url = String(input);
    asked.push(url);
    if (url.startsWith('https://auth.example/')) return Response.json({ token });
    const headers = new Headers(init.headers);
    if (headers.get('authorization') !== 'Bearer anonymous') {
      const challenge = 'Bearer realm="https://auth.example/token",service="registry",scope="repository:lambda:pull"';
      return new Response('', { status: 401, headers: { 'www-authenticate': challenge } });
    }
    expect(headers.get('accept')).toContain('application/vnd.oci.image.index.v1+json');
    return new Response(manifest, { headers: announced === '' ? {} : { 'docker-content-digest': announced } });
  }) as typeof fetch;
  return { asked, fetcher };
};
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const INDEX = JSON.stringify({
  manifests: [
    { platform: { os: 'linux', architecture: 'arm64' } },
    { platform: { os: 'linux', architecture: 'amd64' } },
  ],
});

describe('a look-up', () => {
  test('fetches a token where it is told to, and hashes the manifest itself', async () => {
    const { asked, fetcher } = registry(INDEX, { announced: hash(INDEX) });

    const digest = await lookUpDigest(UNPINNED, fetcher);

    expect(digest).toBe(hash(INDEX));
    expect(asked).toEqual([
      'https://registry.example/v2/lambda/nodejs/manifests/24',
      'https://auth.example/token?service=registry&scope=repository%3Alambda%3Apull',
      'https://registry.example/v2/lambda/nodejs/manifests/24',
    ]);
  });

  test('takes an image of one platform, whose manifest names none', async () => {
    const manifest = JSON.stringify({ config: {}, layers: [] });

    await expect(lookUpDigest(UNPINNED, registry(manifest).fetcher)).resolves.toBe(hash(manifest));
  });

  test.each([
    [
      'a manifest that is not the one announced',
      registry(INDEX, { announced: DIGEST }),
      /content of sha256:.* announced as/,
    ],
    ['no image for linux/amd64', registry('{"manifests":[]}'), 'received an image without linux/amd64'],
    ['something else than a manifest', registry('<html>'), 'received something that is not JSON'],
    ['a token that the registry does not take', registry(INDEX, { token: 'wrong' }), 'received status 401'],
  ])('refuses %s', async (_case, { fetcher }, message) => {
    const lookUp = lookUpDigest(UNPINNED, fetcher);

    await expect(lookUp).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(lookUp).rejects.toThrow(message);
  });

  test('says what to do where the registry cannot be reached', async () => {
    const offline = (async () => {
      throw new TypeError('fetch failed');
    }) as unknown as typeof fetch;

    await expect(lookUpDigest(UNPINNED, offline)).rejects.toThrow(/received no answer\. .*npm run pin-base -- sha256:/);
  });
});
