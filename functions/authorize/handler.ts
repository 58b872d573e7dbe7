import type {
  APIGatewayAuthorizerWithContextResult as AuthorizerResult,
  APIGatewayRequestAuthorizerEvent as RequestEvent,
} from 'aws-lambda';
import { readConfig } from '../../lib/adapters/config/config';
import { createApiKeyStore, createTableClient } from '../../lib/adapters/dynamodb';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { authenticate } from '../../lib/core/api-keys';
import { isSulcusError, SulcusError } from '../../lib/core/errors';
import { type KeyContext, toKeyContext } from '../../lib/core/key-limits';
import { openOnce } from '../../lib/core/open-once';
import type { ApiKeyStore, Logger } from '../../lib/core/ports';

export interface AuthorizeDeps {
  readonly keys: Pick<ApiKeyStore, 'find'>;
  readonly logger: Logger;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

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
  ({ keys, logger, now = Date.now }: AuthorizeDeps): AuthorizeHandler =>
  async (event) => {
    try {
      const credentials = { apiKey: header(event, 'x-api-key'), authorization: header(event, 'authorization') };
      const record = await authenticate(keys, credentials, now());
      const [api, stage] = event.methodArn.split('/');
      const allow = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `${api}/${stage}/*` } as const;
      return {
        principalId: record.keyId,
        policyDocument: { Version: '2012-10-17', Statement: [allow] },
        context: toKeyContext(record),
      };
    } catch (cause) {
      if (isSulcusError(cause) && cause.code === 'UNAUTHORIZED') {
        throw new SulcusError('UNAUTHORIZED', 'Unauthorized', { cause });
      }
      logger.error('expected an answer of the key store, received a failure', cause);
      throw cause;
    }
  };

const wire = openOnce(async () => {
  const keys = createApiKeyStore({ client: createTableClient(), ...readConfig(['tableName']) });
  return createHandler({ keys, logger: createLogger('authorize') });
});

export const handler: AuthorizeHandler = async (event) => (await wire())(event);
