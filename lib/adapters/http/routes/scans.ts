import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { announceScan } from '../../../core/announce-scan';
import {
  announcedScanSchema,
  announceRequestSchema,
  listQuerySchema,
  scanIdSchema,
  scanListSchema,
  scanResultSchema,
} from '../../../core/contract';
import { deleteScan } from '../../../core/delete-scan';
import { SulcusError } from '../../../core/errors';
import { getResult, listResults } from '../../../core/get-result';
import { scanNotFound } from '../../../core/scan-record';
import type { ApiApp, ApiContext, ApiDeps } from '../api-context';
import { isJson, mediaTypeOf, parseJson, readBody } from '../body';
import { meteredCaller } from '../caller';
import { announcedScanExample, scanResultExample } from '../examples';
import { parseQuery } from '../query';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { describeValue, parseWith } from '../validation';
import { idempotencyHeaders, readIdempotencyKey } from './classify';

/** An announcement names a content type; whoever sends more has put the image into it. */
const ANNOUNCEMENT_BYTES = 16_384;

const scanIdParameter = z.object({ scanId: scanIdSchema });

export const announceRoute: RouteConfig = {
  method: 'post',
  path: '/v1/scans',
  operationId: 'announceScan',
  tags: ['Scans'],
  summary: 'Announce an upload',
  description:
    'Answers a scan id and where to PUT the file, for files too large for /v1/classify. The scan is pending until the ' +
    'file is there and classified. A repeated Idempotency-Key answers the same scan id with a fresh URL.',
  request: {
    headers: idempotencyHeaders,
    body: {
      required: false,
      content: { 'application/json': { schema: announceRequestSchema, example: { contentType: 'image/png' } } },
    },
  },
  responses: {
    201: jsonResponse('The scan to come', announcedScanSchema, announcedScanExample),
    ...errorResponses('INVALID_REQUEST', 'SCAN_NOT_FOUND', 'IMAGE_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED'),
  },
};

export const listRoute: RouteConfig = {
  method: 'get',
  path: '/v1/scans',
  operationId: 'listScans',
  tags: ['Scans'],
  summary: 'List results, newest first',
  description: 'Filters combine. Pass nextCursor as cursor, with the same filters, for the next page.',
  request: { query: listQuerySchema },
  responses: {
    200: jsonResponse('A page of results', scanListSchema, { items: [scanResultExample], nextCursor: null }),
    ...errorResponses('INVALID_REQUEST'),
  },
};

export const getRoute: RouteConfig = {
  method: 'get',
  path: '/v1/scans/{scanId}',
  operationId: 'getScan',
  tags: ['Scans'],
  summary: 'Get one result',
  request: { params: scanIdParameter },
  responses: {
    200: jsonResponse('The result', scanResultSchema, scanResultExample),
    ...errorResponses('SCAN_NOT_FOUND'),
  },
};

export const deleteRoute: RouteConfig = {
  method: 'delete',
  path: '/v1/scans/{scanId}',
  operationId: 'deleteScan',
  tags: ['Scans'],
  summary: 'Delete a result',
  description: 'Also removes the uploaded object when POST /v1/scans announced it. The scan does not come back.',
  request: { params: scanIdParameter },
  responses: { 204: { description: 'Deleted' }, ...errorResponses('SCAN_NOT_FOUND') },
};

/** What is no scan id cannot name a scan, so it is not found rather than invalid. */
const readScanId = (context: ApiContext): string => {
  const scanId = scanIdSchema.safeParse(context.req.param('scanId'));
  if (!scanId.success) throw scanNotFound();
  return scanId.data;
};

const readAnnouncement = async (context: ApiContext): Promise<z.output<typeof announceRequestSchema>> => {
  const bytes = await readBody(context, 'an announcement without the image', ANNOUNCEMENT_BYTES);
  if (bytes.length === 0) return announceRequestSchema.parse({});
  const mediaType = mediaTypeOf(context);
  if (!isJson(mediaType)) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected application/json with { "contentType" } for the Content-Type, received ${describeValue(mediaType)}`,
    );
  }
  return parseWith(announceRequestSchema, parseJson(bytes), 'JSON body');
};

export const mountScans = (app: ApiApp, deps: ApiDeps): void => {
  mountRoute(app, announceRoute, async (context) => {
    const idempotencyKey = readIdempotencyKey(context);
    const { contentType } = await readAnnouncement(context);
    const announcement = { contentType, idempotencyKey, ...meteredCaller(context) };
    return context.json(await announceScan(deps, announcement), 201);
  });
  mountRoute(app, listRoute, async (context) =>
    context.json(await listResults(deps.results, parseQuery(context, listQuerySchema))),
  );
  mountRoute(app, getRoute, async (context) => context.json(await getResult(deps.results, readScanId(context))));
  mountRoute(app, deleteRoute, async (context) => {
    await deleteScan(deps, readScanId(context));
    return context.body(null, 204);
  });
};
