import type { RouteConfig } from '@hono/zod-openapi';
import { SulcusError } from '../../core/errors';
import type { ApiApp, ApiContext, PublicApiDeps } from './api-context';
import { toErrorResponse } from './error-table';

const matcherOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

/** What no route took: a known path with another method, or no path of ours. */
const missing = (context: ApiContext, routes: readonly RouteConfig[], cors: boolean): SulcusError => {
  const { method, path } = context.req;
  const allowed = routes
    .filter((route) => matcherOf(route.path).test(path))
    .flatMap((route) => (route.method === 'get' ? ['GET', 'HEAD'] : [route.method.toUpperCase()]));
  if (allowed.length === 0) {
    return new SulcusError('ROUTE_NOT_FOUND', 'expected a path of this API (see /v1/openapi.json), received another');
  }
  const allow = [...allowed, ...(cors ? ['OPTIONS'] : [])].join(', ');
  return new SulcusError('METHOD_NOT_ALLOWED', `expected ${allow} for this path, received ${method}`, {
    details: { allow },
  });
};

/** Every failure becomes an answer by the error table; the cause of a 5xx goes to the log and nowhere else. */
export const mountFailures = (
  app: ApiApp,
  routes: readonly RouteConfig[],
  { logger, corsOrigins }: PublicApiDeps,
): void => {
  const answer = (error: unknown, context: ApiContext): Response => {
    // Nobody is known yet when the caller itself could not be made out.
    const { requestId } = context.get('caller') ?? { requestId: 'unknown' };
    const { status, body, headers } = toErrorResponse(error, requestId);
    if (status >= 500) logger.error('request failed', error, { requestId, code: body.error.code });
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    return context.json(body, status);
  };
  app.onError(answer);
  app.notFound((context) => answer(missing(context, routes, corsOrigins.length > 0), context));
};
