import { cors } from 'hono/cors';
import type { ApiApp, PublicApiDeps } from './api-context';
import { discardBody } from './body';

/** An answer is data for its caller: no guessing of its type, no copy in caches, nothing to render or to frame. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const;

/** Names the caller, takes in the whole request, puts the request's id and the security headers on every answer, and CORS where it is configured. */
export const mountResponseHeaders = (app: ApiApp, { corsOrigins, identify }: PublicApiDeps): void => {
  app.use(async (context, next) => {
    const caller = identify(context);
    context.set('caller', caller);
    context.header('x-request-id', caller.requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
    await next();
    await discardBody(context.req.raw);
  });
  if (corsOrigins.length === 0) return;
  app.use(
    cors({
      origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
      allowMethods: ['GET', 'POST', 'DELETE'],
      allowHeaders: ['x-api-key', 'authorization', 'content-type', 'idempotency-key'],
      exposeHeaders: ['x-request-id', 'retry-after', 'x-sulcus-abstained', 'x-sulcus-abstain-reason'],
      maxAge: 600,
    }),
  );
};
