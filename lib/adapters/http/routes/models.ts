import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { type ModelList, modelListSchema } from '../../../core/contract';
import { modelFactsSchema, toModelFacts } from '../../../core/model-facts';
import { addressesOf, findModel } from '../../../core/served-models';
import type { ApiApp, ApiContext, ApiDeps } from '../api-context';
import { modelFactsExample, modelListExample } from '../examples';
import { errorResponses, jsonResponse, mountRoute } from '../route';
import { describeValue } from '../validation';
import { answerClassify, classifying } from './classify';
import { answerFeatures, extracting } from './features';
import { servedModels } from './model';

const params = z.object({
  name: z.string().meta({
    description: 'Name of a served model, or name@version where two versions of it are served.',
    example: 'brain-mri',
  }),
});

export const modelListRoute: RouteConfig = {
  method: 'get',
  path: '/v1/models',
  operationId: 'listModels',
  tags: ['Model'],
  summary: 'The models that are served',
  description:
    'The main one first: /v1/classify and uploads use it. Results keep the digest of the one that made them.',
  responses: {
    200: jsonResponse('The models', modelListSchema, modelListExample),
    ...errorResponses('MODEL_UNAVAILABLE'),
  },
};

export const namedModelRoute: RouteConfig = {
  method: 'get',
  path: '/v1/models/{name}',
  operationId: 'getNamedModel',
  tags: ['Model'],
  summary: 'Facts about one of the models that are served',
  request: { params },
  responses: {
    200: jsonResponse('The manifest of the model', modelFactsSchema, modelFactsExample),
    ...errorResponses('MODEL_NOT_FOUND', 'MODEL_UNAVAILABLE'),
  },
};

export const classifyByRoute: RouteConfig = {
  method: 'post',
  path: '/v1/models/{name}/classify',
  operationId: 'classifyBy',
  tags: ['Scans'],
  summary: 'Classify an image by one of the models that are served',
  description:
    'As /v1/classify, by the model that is named. A repeated Idempotency-Key is the same request only for the same ' +
    'bundle: another version of a model classifies anew.',
  request: { ...classifying.request, params },
  responses: { 200: classifying.ok, ...errorResponses(...classifying.codes, 'MODEL_NOT_FOUND') },
};

export const featuresByRoute: RouteConfig = {
  method: 'post',
  path: '/v1/models/{name}/features',
  operationId: 'extractFeaturesBy',
  tags: ['Scans'],
  summary: 'Get the features of an image by one of the models that are served',
  description: 'As /v1/features, by the model that is named. Nothing is stored.',
  request: { ...extracting.request, params },
  responses: { 200: extracting.ok, ...errorResponses(...extracting.codes, 'MODEL_NOT_FOUND') },
};

export const mountModels = (app: ApiApp, deps: ApiDeps): void => {
  const models = servedModels(deps);
  const find = (context: ApiContext) => findModel(models, context.req.param('name') ?? '', describeValue);
  mountRoute(app, modelListRoute, async (context) => {
    const manifests = await Promise.all(models.map(({ manifest }) => manifest()));
    const paths = addressesOf(manifests);
    const items = manifests.map(({ name, version, digest, labels }, index): ModelList['items'][number] => ({
      name,
      version,
      digest,
      path: paths[index] ?? name,
      main: index === 0,
      labels: labels.length,
    }));
    return context.json({ items });
  });
  mountRoute(app, namedModelRoute, async (context) => context.json(toModelFacts((await find(context)).manifest)));
  mountRoute(app, classifyByRoute, async (context) => {
    const { model, manifest, isMain } = await find(context);
    return answerClassify(context, { ...deps, classify: model.classify }, isMain ? undefined : manifest.digest);
  });
  mountRoute(app, featuresByRoute, async (context) => {
    const { model } = await find(context);
    return answerFeatures(context, { ...deps, classify: model.classify });
  });
};
