import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { openOnce } from '../../core/open-once';
import type { TokenVerifier } from '../../core/ports';

export interface TokenVerifierOptions {
  /** The `iss` a token must have. */
  readonly issuer: string;
  /** The `aud` a token must have, alone or among others. */
  readonly audience: string;
  /** Where the issuer's public keys are. @default as `<issuer>/.well-known/openid-configuration` says */
  readonly jwksUri?: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** Signatures by the issuer's private key only: with HMAC, or none, whoever knows the public key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Clocks differ a little. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** The authorizer has 15 s, and somebody waits for it. */
const FETCH_TIMEOUT_MS = 4_000;

const configurationSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

const unavailable = (cause: unknown): SulcusError =>
  new SulcusError('STORE_UNAVAILABLE', "expected the token issuer's public keys, received none", { cause });

/** https://openid.net/specs/openid-connect-discovery-1_0.html: the document must name the issuer it was asked for. */
const discoverKeys = async (issuer: string): Promise<string> => {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
    const configuration = configurationSchema.parse(await response.json());
    if (configuration.issuer === issuer) return configuration.jwks_uri;
    throw new SulcusError('CONFIG_INVALID', "expected the issuer's own OpenID configuration, received another's");
  } catch (cause) {
    throw unavailable(cause);
  }
};

/** jose's codes for keys that cannot be had; a key set that is not answered with 200 is its generic failure. */
const WITHOUT_KEYS: ReadonlySet<string> = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

/** What is wrong with the token, as against keys that cannot be had. */
const isRefusal = (error: unknown): boolean => error instanceof errors.JOSEError && !WITHOUT_KEYS.has(error.code);

/**
 * Tokens of one issuer, checked by its public keys. Keys are fetched when first needed, kept, and fetched again for a
 * key id that is not among them (jose: at most every 30 s), so an issuer may rotate them at any time.
 */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => {
  const { issuer, audience, jwksUri, now = Date.now } = options;
  const openKeys = openOnce(
    async (): Promise<JWTVerifyGetKey> =>
      createRemoteJWKSet(new URL(jwksUri ?? (await discoverKeys(issuer))), { timeoutDuration: FETCH_TIMEOUT_MS }),
  );
  return {
    verify: async (token) => {
      const keys = await openKeys();
      let payload: JWTPayload;
      try {
        ({ payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: ALGORITHMS,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(now()),
        }));
      } catch (cause) {
        if (!isRefusal(cause)) throw unavailable(cause);
        throw new SulcusError('UNAUTHORIZED', 'expected a valid token of the issuer, received another', { cause });
      }
      return { issuer, subject: payload.sub ?? '' };
    },
  };
};
