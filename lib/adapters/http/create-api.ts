import type { RouteConfig } from '@hono/zod-openapi';
import { Hono } from 'hono';
import type { ApiApp, ApiDeps, ApiEnv, PublicApiDeps } from './api-context';
import { mountKeyExpiry } from './caller';
import { mountFailures } from './failures';
import { createOpenApiDocument, keyedRoutes, publicRoutes } from './openapi-document';
import { mountResponseHeaders } from './response-headers';
import { mountClassify } from './routes/classify';
import { mountFeatures } from './routes/features';
import { mountHuggingFace } from './routes/hugging-face';
import { mountModel } from './routes/model';
import { mountModels } from './routes/models';
import { mountPublic } from './routes/public';
import { mountScans } from './routes/scans';
import { mountUsage } from './routes/usage';

const createApp = (deps: PublicApiDeps, routes: readonly RouteConfig[]): ApiApp => {
  const app: ApiApp = new Hono<ApiEnv>();
  mountResponseHeaders(app, deps);
  mountFailures(app, routes, deps);
  mountPublic(app, (context) => createOpenApiDocument(deps.basePath?.(context) ?? ''));
  return app;
};

/**
 * The routes that need no key: health and the OpenAPI document (of all routes), without model or stores. With CORS
 * configured it answers preflights of every path, so that those need not wake the model either.
 */
export const createPublicApi = (deps: PublicApiDeps): ApiApp => createApp(deps, publicRoutes);

/**
 * The whole HTTPS API. It authenticates nobody: what is in front of it (API Gateway's authorizer, the embedded cloud)
 * lets only callers with a key through to the keyed routes and says by `identify` who they are.
 */
export const createApi = (deps: ApiDeps): ApiApp => {
  const app = createApp(deps, [...publicRoutes, ...keyedRoutes]);
  mountKeyExpiry(app, deps.now);
  mountClassify(app, deps);
  mountFeatures(app, deps);
  mountScans(app, deps);
  mountModel(app, deps);
  mountModels(app, deps);
  mountHuggingFace(app, deps);
  mountUsage(app, deps);
  return app;
};
