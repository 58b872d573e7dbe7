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
import { createMeter } from '../../lib/core/meter-scan';
import { openOnce } from '../../lib/core/open-once';
import type { Logger } from '../../lib/core/ports';
import { type RecordScanDeps, recordFailure, recordScan } from '../../lib/core/record-scan';

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
export const createHandler =
  ({ logger, maxReceiveCount, ...deps }: ClassifyUploadDeps): ClassifyUploadHandler =>
  async (event, context) => ({
    ...(await processMessages(event, {
      record: (upload, delivery) => recordScan(deps, upload, delivery),
      recordFailure: (upload, cause) => recordFailure(deps, upload, cause),
      logger,
      maxReceiveCount,
      remainingMs: () => context.getRemainingTimeInMillis(),
    })),
  });

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
  const model = openOnce(() => openModel(modelFolder, sessionSettings(config)));
  const client = createTableClient();
  const logger = createLogger('classify-upload');
  return createHandler({
    classify: { decoder: createImageDecoder(), model },
    results: createResultStore({ client, tableName, tombstoneDays, retentionDays }),
    keys: createApiKeyStore({ client, tableName }),
    meter: createMeter({ ...createMeterStores({ client, tableName }), logger, now: Date.now, ...functionSize(config) }),
    scans: createS3ScanStore({ client: s3, bucketName, uploadUrlSeconds }),
    bucketName,
    resultObjects: config.resultObjects ? createS3ResultObjects(s3) : undefined,
    logger,
    maxReceiveCount,
  });
});

export const handler: ClassifyUploadHandler = async (event, context) => (await wire())(event, context);
