import type { RouteConfig } from '@hono/zod-openapi';
import { usageQuerySchema, usageReportSchema } from '../../../core/contract';
import { getUsage } from '../../../core/get-usage';
import type { ApiApp, ApiDeps } from '../api-context';
import { meteredCaller } from '../caller';
import { usageReportExample } from '../examples';
import { parseQuery } from '../query';
import { errorResponses, jsonResponse, mountRoute } from '../route';

export const usageRoute: RouteConfig = {
  method: 'get',
  path: '/v1/usage',
  operationId: 'getUsage',
  tags: ['Usage'],
  summary: 'What this key used',
  description:
    'Scans, bytes, compute time and estimated cost of the key that asks, by day, and how much of its quota is left. ' +
    'A scan counts once it took effect: a repeated request or a file delivered twice counts once. A refused file counts ' +
    'as rejected and uses no quota; an announced upload uses one scan of it from the announcement on. Asking is free of ' +
    'the rate.',
  request: { query: usageQuerySchema },
  responses: {
    200: jsonResponse('Usage by day', usageReportSchema, usageReportExample),
    ...errorResponses('INVALID_REQUEST'),
  },
};

export const mountUsage = (app: ApiApp, { meter }: ApiDeps): void => {
  mountRoute(app, usageRoute, async (context) =>
    context.json(await getUsage(meter, meteredCaller(context), parseQuery(context, usageQuerySchema))),
  );
};
