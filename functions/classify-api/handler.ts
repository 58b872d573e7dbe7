import { functionSize, readConfig, SESSION_FIELDS, sessionSettings } from '../../lib/adapters/config/config';
import { createMeterStores, createResultStore, createTableClient } from '../../lib/adapters/dynamodb';
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
import { bundlesBeside, openBundle, openModel } from '../../lib/adapters/onnx';
import { createS3Client, createS3ScanStore } from '../../lib/adapters/s3';
import { createTrace } from '../../lib/adapters/tracing';
import { createMeter } from '../../lib/core/meter-scan';
import { openOnce } from '../../lib/core/open-once';
import { tracedModel, tracedResults } from '../../lib/core/traced';

export type ClassifyApiDeps = Omit<ApiDeps, 'identify' | 'basePath'>;

/** REST proxy events whose key the authorizer has checked -> the API's answers. */
export const createHandler = (deps: ClassifyApiDeps): ApiHandler =>
  createGatewayHandler(createApi({ ...deps, identify: identifyByGateway, basePath: basePathByGateway }));

const wire = openOnce(async () => {
  const config = readConfig([
    'tableName',
    'bucketName',
    'modelFolder',
    'corsOrigins',
    'uploadUrlSeconds',
    'tombstoneDays',
    'retentionDays',
    'resultObjects',
    ...SESSION_FIELDS,
  ]);
  const { tableName, bucketName, modelFolder, corsOrigins, uploadUrlSeconds, tombstoneDays, retentionDays } = config;
  const client = createTableClient();
  const logger = createLogger('classify-api');
  const trace = createTrace();
  // Somebody waits for a cold start; a container that lives long pays a few percent a scan for the earlier answer.
  const session = { ...sessionSettings(config), expectedScans: 1 };
  const decoder = createImageDecoder();
  const served = (folder: string) => ({
    classify: tracedModel(trace, {
      decoder,
      model: openOnce(() => trace('open model', () => openModel(folder, session))),
    }),
    manifest: openOnce(async () => (await openBundle(folder, false)).manifest),
  });
  return createHandler({
    ...served(modelFolder),
    models: (await bundlesBeside(modelFolder)).map(served),
    results: tracedResults(trace, createResultStore({ client, tableName, tombstoneDays, retentionDays })),
    scans: createS3ScanStore({ client: createS3Client(), bucketName, uploadUrlSeconds }),
    bucketName,
    resultObjects: config.resultObjects,
    corsOrigins,
    meter: createMeter({ ...createMeterStores({ client, tableName }), logger, now: Date.now, ...functionSize(config) }),
    logger,
    now: Date.now,
  });
});

export const handler: ApiHandler = async (event) => (await wire())(event);
