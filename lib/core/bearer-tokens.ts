import type { Credentials } from './api-keys';
import { SulcusError } from './errors';
import { type KeyHolder, NO_LIMITS } from './key-limits';
import type { TokenVerifier } from './ports';
import { sha256Hex } from './scan-ids';

/**
 * Who presents a token: a name for logs and results that says nothing of the person, the first 12 hex digits of the
 * SHA-256 of issuer and subject. Tokens have no limits of their own.
 * @throws UNAUTHORIZED when the token is missing, malformed, expired or not the issuer's, STORE_UNAVAILABLE
 */
export const authenticateToken = async (
  tokens: TokenVerifier,
  { authorization = '' }: Credentials,
): Promise<KeyHolder> => {
  const token = /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
  if (token === undefined) {
    throw new SulcusError('UNAUTHORIZED', 'expected a token as Authorization: Bearer, received none');
  }
  const { issuer, subject } = await tokens.verify(token);
  const keyId = (await sha256Hex(JSON.stringify([issuer, subject]))).slice(0, 12);
  return { keyId, ...NO_LIMITS, expiresAt: null };
};
