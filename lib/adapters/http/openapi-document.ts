import { OpenAPIHono } from '@hono/zod-openapi';
import { NOTICE } from '../../core/contract';
import { webhooks } from './openapi-webhooks';
import { classifyRoute } from './routes/classify';
import { featuresRoute } from './routes/features';
import { huggingFaceRoute } from './routes/hugging-face';
import { modelRoute } from './routes/model';
import { classifyByRoute, featuresByRoute, modelListRoute, namedModelRoute } from './routes/models';
import { asyncApiRoute, healthRoute, openApiRoute } from './routes/public';
import { announceRoute, deleteRoute, getRoute, listRoute } from './routes/scans';
import { usageRoute } from './routes/usage';

export const publicRoutes = [healthRoute, openApiRoute, asyncApiRoute];
export const keyedRoutes = [
  classifyRoute,
  featuresRoute,
  announceRoute,
  listRoute,
  getRoute,
  deleteRoute,
  modelRoute,
  modelListRoute,
  namedModelRoute,
  classifyByRoute,
  featuresByRoute,
  huggingFaceRoute,
  usageRoute,
];

/**
 * The OpenAPI 3.1 document, made of the schemas that validate the requests.
 * @param serverUrl what precedes the paths, relative to the host that serves the document
 */
export const createOpenApiDocument = (serverUrl: string): object => {
  const { openAPIRegistry, getOpenAPI31Document } = new OpenAPIHono();
  openAPIRegistry.registerComponent('securitySchemes', 'apiKey', { type: 'apiKey', in: 'header', name: 'x-api-key' });
  openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  for (const route of [...publicRoutes, ...keyedRoutes]) openAPIRegistry.registerPath(route);
  for (const webhook of webhooks) openAPIRegistry.registerWebhook(webhook);
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Sulcus',
      version: '1.0.0',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        `Labels brain-MRI slices with a Vision Transformer. **${NOTICE}** Every key of a deployment sees every scan. ` +
        'Errors are `{ "error": { "code", "message", "requestId" } }`; requestId is also in x-request-id. ' +
        'Query parameters that a route does not know are refused, JSON members it does not know are ignored.',
    },
    servers: [{ url: serverUrl === '' ? '/' : serverUrl }],
    tags: [
      { name: 'Scans' },
      { name: 'Model' },
      { name: 'Hugging Face' },
      { name: 'Usage' },
      { name: 'Events' },
      { name: 'Service' },
    ],
    // Either will do.
    security: [{ apiKey: [] }, { bearer: [] }],
  });
};
