import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { classifyScan } from '../../../core/classify-scan';
import {
  type HuggingFaceParameters,
  huggingFaceRequestSchema,
  huggingFaceResponseSchema,
} from '../../../core/contract';
import { meterModelRun } from '../../../core/meter-scan';
import { logScan } from '../../../core/scan-log';
import { scoreLabels } from '../../../core/score-labels';
import { findModel } from '../../../core/served-models';
import type { ApiApp, ApiContext, ApiDeps } from '../api-context';
import { decodeBase64Image, isJson, mediaTypeOf } from '../body';
import { meteredCaller } from '../caller';
import { readJsonBody, readRawImage } from '../image-body';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { describeValue } from '../validation';
import { binaryImage } from './classify';
import { servedModels } from './model';

export const huggingFaceRoute: RouteConfig = {
  method: 'post',
  path: '/models/{name}',
  operationId: 'classifyForHuggingFace',
  tags: ['Hugging Face'],
  summary: "Classify an image for Hugging Face's clients",
  description:
    "The request and answer of Hugging Face's image-classification task, for its clients' endpointUrl. Without top_k " +
    "all labels, without function_to_apply the model's own, calibrated where the bundle is. Nothing is stored. Its answer has no place " +
    'for abstaining: the headers x-sulcus-abstained and x-sulcus-abstain-reason tell.',
  request: {
    params: z.object({ name: z.string().meta({ example: 'brain-mri' }) }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: huggingFaceRequestSchema,
          example: { inputs: 'iVBORw0KGgoAAAANSUhEUg==', parameters: { top_k: 1 } },
        },
        ...binaryImage,
      },
    },
  },
  responses: {
    200: jsonResponse('Labels by score', huggingFaceResponseSchema, [
      { label: 'non-demented', score: 0.8807970779778823 },
      { label: 'very-mild', score: 0.11920292202211755 },
    ]),
    ...errorResponses(
      'INVALID_REQUEST',
      'MODEL_NOT_FOUND',
      'IMAGE_TOO_LARGE',
      'UNSUPPORTED_IMAGE',
      'UNREADABLE_IMAGE',
      'MODEL_HAS_NO_LABELS',
      'INFERENCE_FAILED',
      'MODEL_UNAVAILABLE',
    ),
  },
};

interface HuggingFaceRequest {
  readonly bytes: Uint8Array;
  readonly parameters?: HuggingFaceParameters | null;
}

/** Whatever is not JSON is the image itself: Hugging Face's clients send bytes with any content type, or none. */
const readRequest = async (context: ApiContext): Promise<HuggingFaceRequest> => {
  if (!isJson(mediaTypeOf(context))) return { bytes: await readRawImage(context) };
  const { inputs, parameters } = await readJsonBody(context, huggingFaceRequestSchema);
  return { bytes: decodeBase64Image(inputs, 'inputs'), parameters };
};

export const mountHuggingFace = (app: ApiApp, deps: ApiDeps): void => {
  mountRoute(app, huggingFaceRoute, async (context) => {
    const { model } = await findModel(servedModels(deps), context.req.param('name') ?? '', describeValue);
    const { bytes, parameters } = await readRequest(context);
    const classification = await meterModelRun(deps.meter, meteredCaller(context), bytes, (scanId) =>
      logScan(deps.logger, scanId, () => classifyScan(model.classify, bytes)),
    );
    context.header('x-sulcus-abstained', String(classification.abstainReason !== null));
    if (classification.abstainReason !== null) {
      context.header('x-sulcus-abstain-reason', classification.abstainReason);
    }
    return context.json(scoreLabels(classification, parameters ?? {}));
  });
};
