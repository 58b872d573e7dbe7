import { hasEnded } from '../../core/api-keys';
import { SulcusError } from '../../core/errors';
import { NO_LIMITS } from '../../core/key-limits';
import type { MeteredCaller } from '../../core/limit-key';
import type { ApiApp, ApiContext } from './api-context';

/** Whose rate, quota and usage a request is. */
export const meteredCaller = (context: ApiContext): MeteredCaller => {
  const { apiKeyId, limits = NO_LIMITS } = context.get('caller');
  return { apiKeyId, limits };
};

/**
 * Refuses a key that has ended since the authorizer allowed it: API Gateway may keep an authorizer's answer for minutes,
 * and a replaced key must end when it was said to.
 */
export const mountKeyExpiry = (app: ApiApp, now: () => number): void => {
  app.use(async (context, next) => {
    const { keyExpiresAt = null } = context.get('caller');
    if (keyExpiresAt !== null && hasEnded(keyExpiresAt, now())) {
      throw new SulcusError('UNAUTHORIZED', 'expected a key that is in use, received one that was replaced');
    }
    await next();
  });
};
