import { readConfig } from '../../lib/adapters/config/config';
import { createResultStore, createTableClient } from '../../lib/adapters/dynamodb';
import {
  type ApiDeps,
  type ApiHandler,
  basePathByGateway,
  createApi,
  createGatewayHandler,
  identifyByGateway,
} from '../../lib/adapters/http';
import { createImageDecoder } from '../../lib/adapters/image';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { openBundle, openModel } from '../../lib/adapters/onnx';
import { createS3Client, createS3ScanStore } from '../../lib/adapters/s3';
import { openOnce } from '../../lib/core/open-once';

export type ClassifyApiDeps = Omit<ApiDeps, 'identify' | 'basePath'>;

/** REST proxy events whose key the authorizer has checked -> the API's answers. */
export const createHandler = (deps: ClassifyApiDeps): ApiHandler =>
  createGatewayHandler(createApi({ ...deps, identify: identifyByGateway, basePath: basePathByGateway }));

const wire = openOnce(async () => {
  const { tableName, bucketName, modelFolder, corsOrigins, uploadUrlSeconds, tombstoneDays, threads } = readConfig([
    'tableName',
    'bucketName',
    'modelFolder',
    'corsOrigins',
    'uploadUrlSeconds',
    'tombstoneDays',
    'threads',
  ]);
  return createHandler({
    classify: { decoder: createImageDecoder(), model: openOnce(() => openModel(modelFolder, { threads })) },
    manifest: openOnce(async () => (await openBundle(modelFolder, false)).manifest),
    results: createResultStore({ client: createTableClient(), tableName, tombstoneDays }),
    scans: createS3ScanStore({ client: createS3Client(), bucketName, uploadUrlSeconds }),
    bucketName,
    corsOrigins,
    logger: createLogger('classify-api'),
    now: Date.now,
  });
});

export const handler: ApiHandler = async (event) => (await wire())(event);
