import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { healthSchema } from '../../../core/contract';
import type { ApiApp, ApiContext } from '../api-context';
import { createAsyncApiDocument } from '../asyncapi-document';
import { jsonResponse, mountRoute } from '../route';

export const healthRoute: RouteConfig = {
  method: 'get',
  path: '/v1/health',
  operationId: 'getHealth',
  tags: ['Service'],
  summary: 'Whether the service answers',
  security: [],
  responses: { 200: jsonResponse('It does', healthSchema, { status: 'ok' }) },
};

export const openApiRoute: RouteConfig = {
  method: 'get',
  path: '/v1/openapi.json',
  operationId: 'getOpenApi',
  tags: ['Service'],
  summary: 'This document',
  security: [],
  responses: {
    200: {
      description: 'OpenAPI 3.1',
      content: { 'application/json': { schema: z.looseObject({ openapi: z.string() }) } },
    },
  },
};

export const asyncApiRoute: RouteConfig = {
  method: 'get',
  path: '/v1/asyncapi.json',
  operationId: 'getAsyncApi',
  tags: ['Service'],
  summary: 'The document of the events and webhooks that are sent',
  security: [],
  responses: {
    200: {
      description: 'AsyncAPI 3.0',
      content: { 'application/json': { schema: z.looseObject({ asyncapi: z.string() }) } },
    },
  },
};

export const mountPublic = (app: ApiApp, createDocument: (context: ApiContext) => object): void => {
  mountRoute(app, healthRoute, (context) => context.json({ status: 'ok' }));
  mountRoute(app, openApiRoute, (context) => {
    context.header('cache-control', 'no-cache');
    return context.json(createDocument(context));
  });
  mountRoute(app, asyncApiRoute, (context) => {
    context.header('cache-control', 'no-cache');
    return context.json(createAsyncApiDocument());
  });
};
