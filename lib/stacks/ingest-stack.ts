import { Stack, type StackProps } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { type InferenceAssets, InferenceFunction, type Packaging } from '../constructs/inference-function';
import type { ResultTable } from '../constructs/result-table';
import type { ScanBucket } from '../constructs/scan-bucket';
import { UPLOAD_BATCH_SIZE, UPLOAD_TIMEOUT } from '../constructs/timing';
import { ENV, LIMITS } from '../topology';

export interface IngestStackProps extends StackProps {
  readonly scans: ScanBucket;
  readonly results: ResultTable;
  readonly packaging: Packaging;
  readonly assets: InferenceAssets;
  /** Scans classified at once, times the batch size. */
  readonly uploadConcurrency: number;
}

/** The upload trigger: queue -> function -> result. */
export class IngestStack extends Stack {
  constructor(scope: Construct, id: string, props: IngestStackProps) {
    super(scope, id, props);
    const { scans, results, packaging, assets, uploadConcurrency } = props;
    const upload = new InferenceFunction(this, 'ClassifyUpload', {
      description: 'Classifies scans that arrive in the bucket.',
      handlerFolder: 'classify-upload',
      packaging,
      assets,
      timeout: UPLOAD_TIMEOUT,
      environment: {
        [ENV.tableName]: results.table.tableName,
        [ENV.bucketName]: scans.bucket.bucketName,
        [ENV.maxReceiveCount]: String(LIMITS.maxReceiveCount),
      },
    });
    results.grantRecord(upload.role);
    results.grantReadKeys(upload.role);
    results.grantMeter(upload.role);
    scans.grantRead(upload.role);
    scans.grantRemove(upload.role);
    upload.function.addEventSource(
      new SqsEventSource(scans.queue, {
        batchSize: UPLOAD_BATCH_SIZE,
        reportBatchItemFailures: true,
        // Keeps a bulk upload from taking the concurrency of the API, and throttling from counting as a failed receive.
        maxConcurrency: uploadConcurrency,
      }),
    );
  }
}
