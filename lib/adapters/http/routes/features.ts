import type { RouteConfig } from '@hono/zod-openapi';
import { classifyJsonSchema, featuresQuerySchema, featuresResultSchema } from '../../../core/contract';
import { extractFeatures } from '../../../core/extract-features';
import { meterModelRun } from '../../../core/meter-scan';
import { logScan } from '../../../core/scan-log';
import { LIMITS } from '../../../topology';
import type { ApiApp, ApiDeps } from '../api-context';
import { meteredCaller } from '../caller';
import { featuresResultExample } from '../examples';
import { readImage } from '../image-body';
import { parseQuery } from '../query';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { binaryImage } from './classify';

export const featuresRoute: RouteConfig = {
  method: 'post',
  path: '/v1/features',
  operationId: 'extractFeatures',
  tags: ['Scans'],
  summary: 'Get the features of an image',
  description:
    `Takes one image of at most ${LIMITS.apiImageBytes} bytes, as /v1/classify does, and answers what the model makes of ` +
    'it before any classifier: all that a model without one gives. Nothing is stored.',
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
  responses: {
    200: jsonResponse('The features', featuresResultSchema, featuresResultExample),
    ...errorResponses(
      'INVALID_REQUEST',
      'IMAGE_TOO_LARGE',
      'UNSUPPORTED_IMAGE',
      'UNREADABLE_IMAGE',
      'MODEL_HAS_NO_FEATURES',
      'INFERENCE_FAILED',
      'MODEL_UNAVAILABLE',
    ),
  },
};

export const mountFeatures = (app: ApiApp, { classify, logger, meter }: ApiDeps): void => {
  mountRoute(app, featuresRoute, async (context) => {
    const attention = parseQuery(context, featuresQuerySchema).attention === 'true';
    const bytes = await readImage(context, classifyJsonSchema);
    const extract = () => extractFeatures(classify, bytes, { attention });
    return context.json(
      await meterModelRun(meter, meteredCaller(context), bytes, (scanId) =>
        logScan(logger, scanId, extract, 'extracted'),
      ),
    );
  });
};
