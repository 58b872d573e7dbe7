import { createHash } from 'node:crypto';
import { SulcusError } from '../core/errors';
import type { BaseImage } from './base-image';

/** An index for several platforms first: its digest stays right on whatever machine builds. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const LOOKUP_MS = 20_000;

/** https://distribution.github.io/distribution/spec/auth/token/ */
const anonymousToken = async (challenge: string, fetcher: typeof fetch): Promise<string> => {
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const url = new URL(fields.realm ?? '');
  for (const name of ['service', 'scope']) if (fields[name] !== undefined) url.searchParams.set(name, fields[name]);
  const answer = await fetcher(url, { signal: AbortSignal.timeout(LOOKUP_MS) });
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  return token ?? access_token ?? '';
};

const fetchManifest = async ({ registry, repository, tag }: BaseImage, fetcher: typeof fetch): Promise<Response> => {
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetcher(`https://${registry}/v2/${repository}/manifests/${tag}`, {
      headers: { accept: MANIFEST_TYPES, ...headers },
      signal: AbortSignal.timeout(LOOKUP_MS),
    });
  const first = await ask({});
  const challenge = first.headers.get('www-authenticate');
  if (first.status !== 401 || challenge === null) return first;
  return ask({ authorization: `Bearer ${await anonymousToken(challenge, fetcher)}` });
};

const runsOnAmd64 = (manifest: { manifests?: { platform?: { os?: string; architecture?: string } }[] }): boolean =>
  manifest.manifests === undefined ||
  manifest.manifests.some(({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64');

/**
 * Asks the image's registry what its tag stands for now. The digest is the hash of the answer itself, so it cannot be
 * another's.
 * @returns `sha256:` and 64 hex digits
 * @throws CONFIG_INVALID when the registry cannot be reached, has no such image, or none for linux/amd64
 */
export const lookUpDigest = async (base: BaseImage, fetcher: typeof fetch = fetch): Promise<string> => {
  const refuse = (received: string, cause?: unknown): SulcusError =>
    new SulcusError(
      'CONFIG_INVALID',
      `expected ${base.registry} to give the digest of ${base.repository}:${base.tag}, received ${received}. ` +
        'Where it cannot be reached, look the digest up elsewhere and run `npm run pin-base -- sha256:...`; ' +
        '-c packaging=layers deploys without an image.',
      { cause },
    );
  const answer = await fetchManifest(base, fetcher).catch((cause: unknown) => {
    throw refuse('no answer', cause);
  });
  if (!answer.ok) throw refuse(`status ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const announced = answer.headers.get('docker-content-digest');
  if (announced !== null && announced !== digest) throw refuse(`content of ${digest} announced as ${announced}`);
  try {
    if (runsOnAmd64(JSON.parse(new TextDecoder().decode(bytes)))) return digest;
  } catch (cause) {
    throw refuse('something that is not JSON', cause);
  }
  throw refuse('an image without linux/amd64');
};
