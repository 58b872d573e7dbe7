import type { App } from 'aws-cdk-lib';
import type { InferenceAssets } from '../constructs/inference-function';
import { ApiStack } from './api-stack';
import { DataStack } from './data-stack';
import { IngestStack } from './ingest-stack';
import type { Settings } from './settings';

/** Folders staged by `npm run build`. */
export interface AssetFolders {
  readonly classifyApi: string;
  readonly classifyUpload: string;
  readonly authorize: string;
  readonly describe: string;
  readonly nativeRuntimeLayer: string;
  readonly modelLayer: string;
  readonly image: string;
}

/** CDK lets functions wait for their role twice, by reference and by DependsOn; cfn-lint reports the second. */
const LINT = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };

/** The three stacks of one deployment. */
export const addStacks = (app: App, settings: Settings, folders: AssetFolders): void => {
  const { packaging, destroyData, corsOrigins, uploadConcurrency } = settings;
  const { nativeRuntimeLayer, modelLayer, image } = folders;
  const assetsOf = (functionFolder: string): InferenceAssets => ({
    functionFolder,
    nativeRuntimeLayer,
    modelLayer,
    imageFolder: image,
  });
  const data = new DataStack(app, 'SulcusData', { destroyData, corsOrigins });
  const { scans, results } = data;
  const ingest = new IngestStack(app, 'SulcusIngest', {
    scans,
    results,
    packaging,
    assets: assetsOf(folders.classifyUpload),
    uploadConcurrency,
  });
  const api = new ApiStack(app, 'SulcusApi', {
    scans,
    results,
    packaging,
    assets: assetsOf(folders.classifyApi),
    authorizeFolder: folders.authorize,
    describeFolder: folders.describe,
    corsOrigins,
  });
  for (const stack of [data, ingest, api]) stack.templateOptions.metadata = LINT;
};
