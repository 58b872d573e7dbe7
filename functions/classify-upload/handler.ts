import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { functionSize, readConfig, SESSION_FIELDS, sessionSettings } from '../../lib/adapters/config/config';
import {
  createApiKeyStore,
  createMeterStores,
  createResultStore,
  createTableClient,
} from '../../lib/adapters/dynamodb';
import { createImageDecoder } from '../../lib/adapters/image';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { openModel } from '../../lib/adapters/onnx';
import { createS3Client, createS3ResultObjects, createS3ScanStore } from '../../lib/adapters/s3';
import { processMessages } from '../../lib/adapters/s3-event';
import { createTrace } from '../../lib/adapters/tracing';
import { createInTurn } from '../../lib/core/in-turn';
import { createMeter } from '../../lib/core/meter-scan';
import { openOnce } from '../../lib/core/open-once';
import type { Logger } from '../../lib/core/ports';
import { type RecordScanDeps, recordFailure, recordScan } from '../../lib/core/record-scan';
import { traced, tracedModel, tracedResults } from '../../lib/core/traced';

export interface ClassifyUploadDeps extends RecordScanDeps {
  readonly logger: Logger;
  readonly maxReceiveCount: number;
}

/** What the handler reads of Lambda's context. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type ClassifyUploadHandler = (event: SQSEvent, context: InvocationContext) => Promise<SQSBatchResponse>;

/** S3 events out of SQS -> stored results; answers which messages must come again. */
export const createHandler = ({ logger, maxReceiveCount, ...given }: ClassifyUploadDeps): ClassifyUploadHandler => {
  const deps = { ...given, classify: { ...given.classify, inTurn: createInTurn() } };
  return async (event, context) => ({
    ...(await processMessages(event, {
      record: (upload, delivery) => recordScan(deps, upload, delivery),
      recordFailure: (upload, cause) => recordFailure(deps, upload, cause),
      logger,
      maxReceiveCount,
      remainingMs: () => context.getRemainingTimeInMillis(),
    })),
  });
};

const wire = openOnce(async () => {
  const config = readConfig([
    'tableName',
    'bucketName',
    'modelFolder',
    'maxReceiveCount',
    'uploadUrlSeconds',
    'tombstoneDays',
    'retentionDays',
    'resultObjects',
    ...SESSION_FIELDS,
  ]);
  const { tableName, bucketName, modelFolder, maxReceiveCount, uploadUrlSeconds, tombstoneDays, retentionDays } =
    config;
  const s3 = createS3Client();
  const client = createTableClient();
  const logger = createLogger('classify-upload');
  const trace = createTrace();
  const model = openOnce(() => trace('open model', () => openModel(modelFolder, sessionSettings(config))));
  return createHandler({
    classify: tracedModel(trace, { decoder: createImageDecoder(), model }),
    results: tracedResults(trace, createResultStore({ client, tableName, tombstoneDays, retentionDays })),
    keys: createApiKeyStore({ client, tableName }),
    meter: createMeter({ ...createMeterStores({ client, tableName }), logger, now: Date.now, ...functionSize(config) }),
    scans: traced(trace, createS3ScanStore({ client: s3, bucketName, uploadUrlSeconds }), { read: 'read scan' }),
    bucketName,
    resultObjects: config.resultObjects ? createS3ResultObjects(s3) : undefined,
    logger,
    maxReceiveCount,
  });
});

export const handler: ClassifyUploadHandler = async (event, context) => (await wire())(event, context);
