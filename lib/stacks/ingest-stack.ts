import { Stack, type StackProps } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { type InferenceAssets, InferenceFunction } from '../constructs/inference-function';
import { UPLOAD_BATCH_SIZE, UPLOAD_TIMEOUT } from '../constructs/timing';
import type { Settings } from '../core/deployment-settings';
import { DEPLOYED, ENV, LIMITS } from '../topology';
import type { DataStack } from './data-stack';
import { storeEnvironment } from './environment';

export interface IngestStackProps extends StackProps {
  readonly settings: Settings;
  readonly data: DataStack;
  readonly assets: InferenceAssets;
}

/** The upload trigger: queue -> function -> result. */
export class IngestStack extends Stack {
  readonly upload: InferenceFunction;

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
    this.grant(data, settings);
    this.upload.alias.addEventSource(
      new SqsEventSource(data.arrivals.queue, {
        batchSize: UPLOAD_BATCH_SIZE,
        reportBatchItemFailures: true,
        // Keeps a bulk upload from taking the concurrency of the API, and throttling from counting as a failed receive.
        maxConcurrency: settings.uploadConcurrency,
      }),
    );
  }

  private grant({ results, scans, existing }: DataStack, { resultObjects }: Settings): void {
    const { role } = this.upload;
    results.grantRecord(role);
    results.grantReadKeys(role);
    results.grantMeter(role);
    scans.grantRead(role);
    scans.grantRemove(role);
    existing?.grantRead(role);
    if (resultObjects) {
      scans.grantResultObjects(role);
      existing?.grantResultObjects(role);
    }
  }
}
