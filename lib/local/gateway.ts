import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { AuthorizeHandler } from '../../functions/authorize/handler';
import { type ApiApp, type Caller, readKeyContext, toErrorResponse } from '../adapters/http';
import { isSulcusError, SulcusError } from '../core/errors';
import type { Logger } from '../core/ports';
import { BINARY_MEDIA_TYPES, LIMITS, PUBLIC_ROUTES, UPLOAD_PREFIX } from '../topology';
import { createAuthorizerEvent } from './authorizer-event';
import { drain, readBody } from './request-body';

export interface GatewayOptions {
  readonly app: ApiApp;
  readonly authorize: AuthorizeHandler;
  /** Takes `PUT /uploads/...`, which its own signature admits. */
  readonly upload: (url: URL, incoming: IncomingMessage) => Promise<Response>;
  readonly corsOrigins: readonly string[];
  readonly logger: Logger;
  /** What API Gateway waits for a function. @default 29000 */
  readonly timeoutMs?: number;
}

export type Gateway = (request: Request, bindings: HttpBindings) => Promise<Response>;

const isBinary = (mediaType: string): boolean =>
  BINARY_MEDIA_TYPES.some((type) =>
    type.endsWith('/*') ? mediaType.startsWith(type.slice(0, -1)) : mediaType === type,
  );

const isUpload = (path: string): boolean => path.startsWith(`/${UPLOAD_PREFIX}`);

/** Bytes of body that are taken: for a function what fits its event, where images travel as base64 and text as it is. */
export const bodyLimit = ({ url = '/', headers }: IncomingMessage): number => {
  if (isUpload(url)) return LIMITS.uploadBytes;
  return isBinary(headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '')
    ? LIMITS.apiImageBytes
    : LIMITS.apiBodyBytes;
};

const isBodiless = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * API Gateway's part on a laptop: public routes and preflights pass, everything else goes by the real authorizer, a
 * body over the limit is refused, and what passes reaches the same app that answers on AWS. Uploads are S3's part and
 * need no key but their signature.
 */
export const createGateway = (options: GatewayOptions): Gateway => {
  const { app, authorize, upload, corsOrigins, logger, timeoutMs = 29_000 } = options;

  const identify = async (incoming: IncomingMessage, path: string, requestId: string): Promise<Caller> => {
    const isOpen = incoming.method === 'OPTIONS' || PUBLIC_ROUTES.some((route) => route === path);
    if (isOpen) return { requestId, apiKeyId: null };
    try {
      const { context } = await authorize(createAuthorizerEvent(incoming, requestId));
      return { requestId, ...readKeyContext(context) };
    } catch (error) {
      // API Gateway knows a refusal by this one word; whatever else an authorizer throws becomes a 500.
      if (isSulcusError(error) && error.message === 'Unauthorized') throw error;
      throw new SulcusError('INTERNAL', 'expected an answer of the authorizer, received a failure', { cause: error });
    }
  };

  const invoke = async (request: Request, incoming: IncomingMessage, requestId: string): Promise<Response> => {
    const { method, headers } = request;
    const url = new URL(request.url);
    const caller = await identify(incoming, url.pathname, requestId);
    const body = isBodiless(method) ? null : new Uint8Array(await readBody(incoming, bodyLimit(incoming)));
    const answer = Promise.resolve(app.fetch(new Request(url, { method, headers, body }), caller));
    return withTimeout(answer, timeoutMs, requestId);
  };

  const refuse = (error: unknown, requestId: string, path: string): Response => {
    const { status, body, headers } = toErrorResponse(error, requestId);
    if (status >= 500) logger.error('request failed', error, { requestId, code: body.error.code });
    if (status !== 401 || !isUpload(path)) return Response.json(body, { status, headers });
    // A wrong signature is S3's 403: there is no key to ask for.
    const { code, message } = error as SulcusError;
    return Response.json({ error: { code, message, requestId } }, { status: 403 });
  };

  const answer = async (request: Request, incoming: IncomingMessage, requestId: string): Promise<Response> => {
    const url = new URL(request.url);
    if (!isUpload(url.pathname)) return invoke(request, incoming, requestId);
    if (request.method === 'OPTIONS') return new Response(null, { status: 204 });
    return request.method === 'PUT' ? upload(url, incoming) : invoke(request, incoming, requestId);
  };

  return async (request, { incoming }) => {
    const requestId = randomUUID();
    const http1 = incoming as IncomingMessage;
    try {
      const response = await answer(request, http1, requestId);
      return isUpload(http1.url ?? '') ? withGatewayHeaders(response, http1, requestId, corsOrigins) : response;
    } catch (error) {
      await drain(http1);
      const response = refuse(error, requestId, http1.url ?? '');
      return withGatewayHeaders(response, http1, requestId, corsOrigins);
    }
  };
};

const withTimeout = async (answer: Promise<Response>, timeoutMs: number, requestId: string): Promise<Response> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Response>((resolve) => {
    const message = `expected an answer within ${timeoutMs / 1000} seconds, received none; try again`;
    const gatewayTimeout = () => Response.json({ error: { code: 'INTERNAL', message, requestId } }, { status: 504 });
    timer = setTimeout(() => resolve(gatewayTimeout()), timeoutMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
};

/** On answers that the app has not made: the request's id, and for browsers what CORS asks for, on uploads as well. */
const withGatewayHeaders = (
  response: Response,
  { headers: { origin }, method }: IncomingMessage,
  requestId: string,
  corsOrigins: readonly string[],
): Response => {
  response.headers.set('x-request-id', requestId);
  response.headers.set('cache-control', 'no-store');
  const allowed = corsOrigins.includes('*') ? '*' : corsOrigins.find((allowedOrigin) => allowedOrigin === origin);
  if (allowed === undefined) return response;
  response.headers.set('access-control-allow-origin', allowed);
  response.headers.set('access-control-expose-headers', 'x-request-id,retry-after,etag');
  if (method === 'OPTIONS') {
    response.headers.set('access-control-allow-methods', 'PUT');
    response.headers.set('access-control-allow-headers', 'content-type');
  }
  return response;
};
