import type { RouteConfig } from '@hono/zod-openapi';
import { modelFactsSchema, toModelFacts } from '../../../core/model-facts';
import type { ModelManifest } from '../../../core/model-manifest';
import type { ServedModel } from '../../../core/served-models';
import type { ApiApp, ApiDeps } from '../api-context';
import { modelFactsExample } from '../examples';
import { errorResponses, jsonResponse, mountRoute } from '../route';

export const modelRoute: RouteConfig = {
  method: 'get',
  path: '/v1/model',
  operationId: 'getModel',
  tags: ['Model'],
  summary: 'Facts about the model that is served',
  responses: {
    200: jsonResponse('The manifest of the model', modelFactsSchema, modelFactsExample),
    ...errorResponses('MODEL_UNAVAILABLE'),
  },
};

/** The manifest by the cheap way where there is one, otherwise the opened model's. */
export const readManifest = async ({ manifest, classify }: ApiDeps): Promise<ModelManifest> =>
  manifest === undefined ? (await classify.model()).manifest : manifest();

/** All that can be asked for, the main one first. */
export const servedModels = (deps: ApiDeps): readonly ServedModel[] => [
  { classify: deps.classify, manifest: () => readManifest(deps) },
  ...(deps.models ?? []),
];

export const mountModel = (app: ApiApp, deps: ApiDeps): void => {
  mountRoute(app, modelRoute, async (context) => context.json(toModelFacts(await readManifest(deps))));
};
