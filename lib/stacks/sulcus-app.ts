import type { App, Stack } from 'aws-cdk-lib';
import type { InferenceAssets } from '../constructs/inference-function';
import type { Settings } from '../core/deployment-settings';
import { ApiStack } from './api-stack';
import { DataStack } from './data-stack';
import { EventsStack } from './events-stack';
import { IngestStack } from './ingest-stack';
import { ObservabilityStack } from './observability-stack';

/** Folders staged by `npm run build`, and what is in them. */
export interface AssetFolders {
  readonly classifyApi: string;
  readonly classifyUpload: string;
  readonly backfillScans: string;
  readonly authorize: string;
  readonly describe: string;
  readonly publishResults: string;
  readonly deliverWebhook: string;
  readonly nativeRuntimeLayer: string;
  readonly modelLayer: string;
  readonly image: string;
}

/** CDK lets functions wait for their role twice, by reference and by DependsOn; cfn-lint reports the second. */
const LINT = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };

/**
 * The stacks of one deployment.
 * @param model name, version and digest of the bundle that is served
 * @param baseImage what images are built from
 */
export const addStacks = (
  app: App,
  settings: Settings,
  folders: AssetFolders,
  model: string,
  baseImage: string,
): void => {
  const { nativeRuntimeLayer, modelLayer, image } = folders;
  const assetsOf = (functionFolder: string): InferenceAssets => ({
    functionFolder,
    nativeRuntimeLayer,
    modelLayer,
    imageFolder: image,
    baseImage,
    model,
  });
  const env = settings.region === null ? undefined : { region: settings.region };
  const data = new DataStack(app, 'SulcusData', { env, settings });
  const stacks: Stack[] = [
    data,
    new IngestStack(app, 'SulcusIngest', {
      env,
      settings,
      data,
      assets: assetsOf(folders.classifyUpload),
      backfillAssets: assetsOf(folders.backfillScans),
    }),
    new ApiStack(app, 'SulcusApi', {
      env,
      settings,
      data,
      assets: assetsOf(folders.classifyApi),
      authorizeFolder: folders.authorize,
      describeFolder: folders.describe,
    }),
    new EventsStack(app, 'SulcusEvents', {
      env,
      settings,
      data,
      publishFolder: folders.publishResults,
      deliverFolder: folders.deliverWebhook,
    }),
    new ObservabilityStack(app, 'SulcusObservability', { env, settings }),
  ];
  for (const stack of stacks) stack.templateOptions.metadata = LINT;
};
