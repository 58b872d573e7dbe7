import { Stack, type StackProps } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { Backfill } from '../constructs/backfill';
import { type InferenceAssets, InferenceFunction } from '../constructs/inference-function';
import { BACKFILL_TIMEOUT, UPLOAD_BATCH_SIZE, UPLOAD_TIMEOUT } from '../constructs/timing';
import type { Settings } from '../core/deployment-settings';
import { DEPLOYED, ENV, LIMITS } from '../topology';
import type { DataStack } from './data-stack';
import { storeEnvironment } from './environment';

export interface IngestStackProps extends StackProps {
  readonly settings: Settings;
  readonly data: DataStack;
  readonly assets: InferenceAssets;
  /** Of the function that backfills. */
  readonly backfillAssets: InferenceAssets;
}

/** What classifies objects: the upload trigger, queue -> function -> result; and the backfill of what is there already. */
export class IngestStack extends Stack {
  readonly upload: InferenceFunction;
  readonly backfill: InferenceFunction;

  constructor(scope: Construct, id: string, props: IngestStackProps) {
    super(scope, id, props);
    const { settings, data, assets } = props;
    this.upload = new InferenceFunction(this, 'ClassifyUpload', {
      platform: data.platform,
      functionName: DEPLOYED.classifyUpload[settings.packaging],
      description: 'Classifies scans that arrive in the bucket.',
      handlerFolder: 'classify-upload',
      packaging: settings.packaging,
      assets,
      timeout: UPLOAD_TIMEOUT,
      memoryMegabytes: settings.memoryMegabytes,
      environment: {
        ...storeEnvironment(data, settings),
        [ENV.maxReceiveCount]: String(LIMITS.maxReceiveCount),
      },
    });
    this.grantScans(this.upload, data, settings);
    data.scans.grantRemove(this.upload.role);
    this.upload.alias.addEventSource(
      new SqsEventSource(data.arrivals.queue, {
        batchSize: UPLOAD_BATCH_SIZE,
        reportBatchItemFailures: true,
        // Keeps a bulk upload from taking the concurrency of the API, and throttling from counting as a failed receive.
        maxConcurrency: settings.uploadConcurrency,
      }),
    );
    this.backfill = this.addBackfill(props);
  }

  private addBackfill({ settings, data, backfillAssets }: IngestStackProps): InferenceFunction {
    const backfill = new InferenceFunction(this, 'BackfillScans', {
      platform: data.platform,
      functionName: DEPLOYED.backfillScans[settings.packaging],
      description: 'Classifies scans that were there before.',
      handlerFolder: 'backfill-scans',
      packaging: settings.packaging,
      assets: backfillAssets,
      timeout: BACKFILL_TIMEOUT,
      memoryMegabytes: settings.memoryMegabytes,
      environment: storeEnvironment(data, settings),
    });
    this.grantScans(backfill, data, settings);
    const sources = [data.scans.bucket.bucketArn, ...(data.existing === undefined ? [] : [data.existing.bucketArn])];
    new Backfill(this, 'Backfill', {
      platform: data.platform,
      classify: backfill.alias,
      sources,
      results: data.logs.bucket,
    });
    return backfill;
  }

  /** Read scans of either bucket, write and count their results. */
  private grantScans(
    { role }: InferenceFunction,
    { results, scans, existing }: DataStack,
    { resultObjects }: Settings,
  ): void {
    results.grantRecord(role);
    results.grantReadKeys(role);
    results.grantMeter(role);
    scans.grantRead(role);
    existing?.grantRead(role);
    if (resultObjects) {
      scans.grantResultObjects(role);
      existing?.grantResultObjects(role);
    }
  }
}
