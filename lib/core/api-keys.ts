import { SulcusError } from './errors';
import { type KeyLimits, NO_LIMITS } from './key-limits';
import type { ApiKeyRecord, ApiKeyStore } from './ports';
import { sha256Hex } from './scan-ids';

/** A prefix that people and secret scanners recognise, then 256 random bits as base64url. */
const PREFIX = 'sulcus_';
const KEY = /^sulcus_[A-Za-z0-9_-]{43}$/;

const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const NAME_LENGTH = 128;

const newSecret = async (): Promise<{ key: string; keyHash: string }> => {
  const key = PREFIX + toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  // An unsalted, fast hash is right here: 256 random bits cannot be guessed, unlike a password.
  return { key, keyHash: await sha256Hex(key) };
};

/**
 * Makes a key and stores its SHA-256. The key itself is in the answer and nowhere else.
 * @param name what people call it, 1 to 128 characters
 * @param now milliseconds since the epoch
 * @throws INVALID_REQUEST for a name out of range, STORE_UNAVAILABLE
 */
export const createApiKey = async (
  store: ApiKeyStore,
  name: string,
  now: number,
  limits: KeyLimits = NO_LIMITS,
): Promise<{ key: string; record: ApiKeyRecord }> => {
  if (name.trim() === '' || name.length > NAME_LENGTH) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected a name of 1 to ${NAME_LENGTH} characters for the key, received ${name.length}`,
    );
  }
  const { key, keyHash } = await newSecret();
  const record: ApiKeyRecord = {
    keyId: keyHash.slice(0, 12),
    keyHash,
    name,
    createdAt: new Date(now).toISOString(),
    revokedAt: null,
    expiresAt: null,
    ...limits,
  };
  await store.create(record);
  return { key, record };
};

/**
 * Gives a key another secret. Id, name, limits and usage stay; secrets it had before end after the overlap, or when an
 * earlier rotation said so, if that is sooner. An overlap of 0 ends them now.
 * @throws INVALID_REQUEST for a key that is unknown or revoked, STORE_UNAVAILABLE
 */
export const rotateApiKey = async (
  store: ApiKeyStore,
  keyId: string,
  overlapMs: number,
  now: number,
): Promise<{ key: string; earlierEndAt: string }> => {
  const { key, keyHash } = await newSecret();
  const earlierEndAt = new Date(now + overlapMs).toISOString();
  if (await store.rotate(keyId, { keyHash, rotatedAt: new Date(now).toISOString(), earlierEndAt })) {
    return { key, earlierEndAt };
  }
  throw new SulcusError(
    'INVALID_REQUEST',
    'expected the id of a key that is in use, received an unknown or revoked one',
  );
};

/** Whether a secret that ends then has ended. */
export const hasEnded = (expiresAt: string | null, now: number): boolean =>
  expiresAt !== null && Date.parse(expiresAt) <= now;

/** As a request carries them; a header that is absent or blank is undefined or blank. */
export interface Credentials {
  /** The value of `x-api-key`. */
  readonly apiKey?: string | undefined;
  /** The value of `Authorization`. */
  readonly authorization?: string | undefined;
}

const HOW = 'expected an API key in x-api-key or as Authorization: Bearer';

const unauthorized = (received: string): SulcusError => new SulcusError('UNAUTHORIZED', `${HOW}, received ${received}`);

/**
 * The key a request presents. `x-api-key` wins, and `Authorization` is then not looked at: proxies and Hugging Face's
 * clients put credentials of their own there.
 */
const presentedKey = ({ apiKey = '', authorization = '' }: Credentials): string => {
  if (apiKey.trim() !== '') return apiKey.trim();
  if (authorization.trim() === '') throw unauthorized('neither');
  const bearer = /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
  if (bearer === undefined) throw unauthorized('an Authorization header of another kind');
  return bearer;
};

/**
 * The record of the key a request presents. Text that cannot be a key of ours costs no look-up. Comparing hashes needs
 * no constant time: what an attacker could learn is a prefix of a SHA-256, from which no key can be made.
 * @param now milliseconds since the epoch
 * @throws UNAUTHORIZED when it is missing, malformed, unknown, revoked or replaced (never repeating it), STORE_UNAVAILABLE
 */
export const authenticate = async (
  store: Pick<ApiKeyStore, 'find'>,
  credentials: Credentials,
  now: number,
): Promise<ApiKeyRecord> => {
  const key = presentedKey(credentials);
  if (!KEY.test(key)) throw unauthorized(`text that is not ${PREFIX} and 43 base64url characters`);
  const record = await store.find(await sha256Hex(key));
  if (record === undefined) throw unauthorized('an unknown one');
  if (record.revokedAt !== null) throw unauthorized('a revoked one');
  if (hasEnded(record.expiresAt, now)) throw unauthorized('one that was replaced');
  return record;
};
