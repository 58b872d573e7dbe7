import type { RouteConfig } from '@hono/zod-openapi';
import { classifyJsonSchema, featuresQuerySchema, featuresResultSchema } from '../../../core/contract';
import { extractFeatures } from '../../../core/extract-features';
import { meterModelRun } from '../../../core/meter-scan';
import { logScan } from '../../../core/scan-log';
import { LIMITS } from '../../../topology';
import type { ApiApp, ApiContext, ApiDeps } from '../api-context';
import { meteredCaller } from '../caller';
import { featuresResultExample } from '../examples';
import { readImage } from '../image-body';
import { parseQuery } from '../query';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { binaryImage } from './classify';

/** What asking any model for features has in common. */
export const extracting = {
  request: {
    query: featuresQuerySchema,
    body: {
      required: true,
      content: {
        ...binaryImage,
        'application/json': { schema: classifyJsonSchema, example: { image: 'iVBORw0KGgoAAAANSUhEUg==' } },
      },
    },
  },
  ok: jsonResponse('The features', featuresResultSchema, featuresResultExample),
  codes: [
    'INVALID_REQUEST',
    'IMAGE_TOO_LARGE',
    'UNSUPPORTED_IMAGE',
    'UNREADABLE_IMAGE',
    'MODEL_HAS_NO_FEATURES',
    'INFERENCE_FAILED',
    'MODEL_UNAVAILABLE',
  ],
} as const;

export const featuresRoute: RouteConfig = {
  method: 'post',
  path: '/v1/features',
  operationId: 'extractFeatures',
  tags: ['Scans'],
  summary: 'Get the features of an image',
  description:
    `Takes one image of at most ${LIMITS.apiImageBytes} bytes, as /v1/classify does, and answers what the model makes of ` +
    'it before any classifier: all that a model without one gives. Nothing is stored.',
  request: extracting.request,
  responses: { 200: extracting.ok, ...errorResponses(...extracting.codes) },
};

export const mountFeatures = (app: ApiApp, deps: ApiDeps): void => {
  mountRoute(app, featuresRoute, async (context) => answerFeatures(context, deps));
};

/** Extracts features from the request's image by `classify`'s model. */
export const answerFeatures = async (
  context: ApiContext,
  { classify, logger, meter }: Pick<ApiDeps, 'classify' | 'logger' | 'meter'>,
): Promise<Response> => {
  const attention = parseQuery(context, featuresQuerySchema).attention === 'true';
  const bytes = await readImage(context, classifyJsonSchema);
  const extract = () => extractFeatures(classify, bytes, { attention });
  return context.json(
    await meterModelRun(meter, meteredCaller(context), bytes, (scanId) =>
      logScan(logger, scanId, extract, 'extracted'),
    ),
  );
};
