import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import {
  classifyJsonSchema,
  classifyQuerySchema,
  idempotencyKeySchema,
  scanResultSchema,
} from '../../../core/contract';
import { type RecordApiResultDeps, recordApiResult } from '../../../core/record-api-result';
import { LIMITS } from '../../../topology';
import type { ApiApp, ApiContext, ApiDeps } from '../api-context';
import { meteredCaller } from '../caller';
import { scanResultExample } from '../examples';
import { readImage } from '../image-body';
import { parseQuery } from '../query';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { parseWith } from '../validation';

/** Parameter of the POST routes that honour the key. */
export const idempotencyHeaders = z.object({ 'idempotency-key': idempotencyKeySchema.optional() });

/** @throws INVALID_REQUEST for a key that is empty, too long or not visible ASCII */
export const readIdempotencyKey = (context: ApiContext): string | null =>
  parseWith(idempotencyKeySchema.optional(), context.req.header('idempotency-key'), 'Idempotency-Key') ?? null;

const binary = { schema: { type: 'string', format: 'binary' } } as const;

/** An image file as it is, under each content type that is taken for one. */
export const binaryImage = { 'image/*': binary, 'application/octet-stream': binary };

/** What every route that classifies and stores takes and answers. */
export const classifying = {
  request: {
    query: classifyQuerySchema,
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: {
        ...binaryImage,
        'application/json': { schema: classifyJsonSchema, example: { image: 'iVBORw0KGgoAAAANSUhEUg==' } },
      },
    },
  },
  ok: jsonResponse('The result', scanResultSchema, scanResultExample),
  codes: [
    'INVALID_REQUEST',
    'SCAN_NOT_FOUND',
    'IMAGE_TOO_LARGE',
    'UNSUPPORTED_IMAGE',
    'UNREADABLE_IMAGE',
    'MODEL_HAS_NO_LABELS',
    'IDEMPOTENCY_KEY_REUSED',
    'INFERENCE_FAILED',
    'MODEL_UNAVAILABLE',
  ],
} as const;

export const classifyRoute: RouteConfig = {
  method: 'post',
  path: '/v1/classify',
  operationId: 'classify',
  tags: ['Scans'],
  summary: 'Classify an image',
  description:
    `Takes one image of at most ${LIMITS.apiImageBytes} bytes, raw or as base64 in JSON (also with a data: URL prefix), ` +
    'and answers the scores of all labels. The result is stored, with its top scores, unless store=false. ' +
    'A repeated Idempotency-Key answers what the first request stored.',
  request: classifying.request,
  responses: { 200: classifying.ok, ...errorResponses(...classifying.codes) },
};

/** Classifies by the main bundle, or by another one whose digest is given. */
export const answerClassify = async (
  context: ApiContext,
  deps: RecordApiResultDeps,
  digest?: string,
): Promise<Response> => {
  const { store } = parseQuery(context, classifyQuerySchema);
  const idempotencyKey = readIdempotencyKey(context);
  const bytes = await readImage(context, classifyJsonSchema);
  const scan = { bytes, idempotencyKey, store: store === 'true', digest, ...meteredCaller(context) };
  return context.json(await recordApiResult(deps, scan));
};

export const mountClassify = (app: ApiApp, deps: ApiDeps): void => {
  mountRoute(app, classifyRoute, (context) => answerClassify(context, deps));
};
