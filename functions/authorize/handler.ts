import type {
  APIGatewayAuthorizerWithContextResult as AuthorizerResult,
  APIGatewayRequestAuthorizerEvent as RequestEvent,
} from 'aws-lambda';
import { readConfig } from '../../lib/adapters/config/config';
import { createApiKeyStore, createTableClient } from '../../lib/adapters/dynamodb';
import { createTokenVerifier } from '../../lib/adapters/jwt';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { authenticate } from '../../lib/core/api-keys';
import { authenticateToken } from '../../lib/core/bearer-tokens';
import { isSulcusError, SulcusError } from '../../lib/core/errors';
import { type KeyContext, toKeyContext } from '../../lib/core/key-limits';
import { openOnce } from '../../lib/core/open-once';
import type { ApiKeyStore, Logger, TokenVerifier } from '../../lib/core/ports';

/** Callers have API keys, or tokens where there is a verifier for them. */
export type AuthorizeDeps = {
  readonly logger: Logger;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
} & ({ readonly keys: Pick<ApiKeyStore, 'find'>; readonly tokens?: undefined } | { readonly tokens: TokenVerifier });

/** What the authorizer reads of API Gateway's event. */
export type AuthorizeEvent = Pick<RequestEvent, 'methodArn' | 'headers'>;
export type AuthorizeHandler = (event: AuthorizeEvent) => Promise<AuthorizerResult<KeyContext>>;

/** API Gateway hands header names over as the client wrote them. */
const header = ({ headers }: AuthorizeEvent, name: string): string | undefined =>
  Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];

/**
 * A REST API's REQUEST authorizer. It allows the whole stage, not the one method that was asked for: were its answers
 * ever cached, a key used on one route would otherwise be refused on the next. They are not, as API Gateway caches by
 * headers that must all be there and a key may come in either of two; a revoked key ends at once that way. Limits are
 * counted behind it, by the function, so that no cache could get around them.
 * @throws "Unauthorized", by which word API Gateway answers 401 rather than 403; anything else becomes its 500
 */
export const createHandler =
  ({ logger, now = Date.now, ...callers }: AuthorizeDeps): AuthorizeHandler =>
  async (event) => {
    try {
      const credentials = { apiKey: header(event, 'x-api-key'), authorization: header(event, 'authorization') };
      const holder =
        callers.tokens === undefined
          ? await authenticate(callers.keys, credentials, now())
          : await authenticateToken(callers.tokens, credentials);
      const [api, stage] = event.methodArn.split('/');
      const allow = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `${api}/${stage}/*` } as const;
      return {
        principalId: holder.keyId,
        policyDocument: { Version: '2012-10-17', Statement: [allow] },
        context: toKeyContext(holder),
      };
    } catch (cause) {
      if (isSulcusError(cause) && cause.code === 'UNAUTHORIZED') {
        throw new SulcusError('UNAUTHORIZED', 'Unauthorized', { cause });
      }
      logger.error('expected an answer of whoever knows the caller, received a failure', cause);
      throw cause;
    }
  };

const wire = openOnce(async () => {
  const logger = createLogger('authorize');
  if (readConfig(['auth']).auth === 'jwt') {
    const { jwtIssuer: issuer, jwtAudience: audience, jwksUri } = readConfig(['jwtIssuer', 'jwtAudience', 'jwksUri']);
    return createHandler({ tokens: createTokenVerifier({ issuer, audience, jwksUri }), logger });
  }
  const keys = createApiKeyStore({ client: createTableClient(), ...readConfig(['tableName']) });
  return createHandler({ keys, logger });
});

export const handler: AuthorizeHandler = async (event) => (await wire())(event);
