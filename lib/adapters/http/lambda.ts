import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Context } from 'hono';
import { handle } from 'hono/aws-lambda';
import { SulcusError } from '../../core/errors';
import { keyContextSchema } from '../../core/key-limits';
import type { ApiApp, Caller } from './api-context';

export type ApiHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

const requestContextOf = (context: Context): APIGatewayProxyEvent['requestContext'] => context.env.requestContext;

/** With IAM: the unique id of the role or user. What follows in a role's is its session's name, often a person's. */
const principalOf = (identity: APIGatewayProxyEvent['requestContext']['identity'] | undefined): string | null =>
  identity?.caller?.split(':')[0] || null;

/** The caller as API Gateway and our authorizer describe it. */
export const identifyByGateway = (context: Context): Caller => {
  const { requestId, authorizer, identity } = requestContextOf(context);
  const { apiKeyId, ...limits } = readKeyContext(authorizer);
  return { requestId, apiKeyId: apiKeyId ?? principalOf(identity), ...limits };
};

/** What our authorizer said of a key; public routes have none. @throws INTERNAL when it cannot be read */
export const readKeyContext = (authorizer: unknown): Omit<Caller, 'requestId'> => {
  const parsed = keyContextSchema.safeParse(authorizer ?? {});
  if (parsed.success) return parsed.data;
  throw new SulcusError('INTERNAL', 'expected the limits of a key from the authorizer, received others', {
    cause: parsed.error,
  });
};

/** The stage or mapped path before the API's own paths: only the request context's path has it. */
export const basePathByGateway = (context: Context): string => {
  const { path } = requestContextOf(context);
  return path.endsWith(context.req.path) ? path.slice(0, -context.req.path.length) : '';
};

/** Answers API Gateway's REST proxy events (payload format 1.0) with the app. */
export const createGatewayHandler = (app: ApiApp): ApiHandler => {
  // Hono types each kind of event it takes; this is the one API Gateway's REST proxy sends.
  const answer = handle(app) as unknown as ApiHandler;
  return async (event) => {
    // Fetch's Request refuses a body on these, which HTTP does not.
    const bodiless = event.httpMethod === 'GET' || event.httpMethod === 'HEAD';
    return answer(bodiless ? { ...event, body: null } : event);
  };
};
