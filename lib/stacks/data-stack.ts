import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AuditTrail } from '../constructs/audit-trail';
import { DataKey } from '../constructs/data-key';
import { ExistingBucket } from '../constructs/existing-bucket';
import { LogBucket } from '../constructs/log-bucket';
import { Network } from '../constructs/network';
import type { Platform } from '../constructs/platform';
import { ResultTable } from '../constructs/result-table';
import { ScanBucket } from '../constructs/scan-bucket';
import { ScanQueue } from '../constructs/scan-queue';
import type { Settings } from '../core/deployment-settings';

export interface DataStackProps extends StackProps {
  readonly settings: Settings;
}

/** What outlives a deployment: scans, results and their key; the queue of arrivals, the trail, and what functions share. */
export class DataStack extends Stack {
  readonly platform: Platform;
  readonly key: DataKey;
  readonly arrivals: ScanQueue;
  readonly scans: ScanBucket;
  /** There if the settings name one. */
  readonly existing?: ExistingBucket;
  readonly results: ResultTable;
  readonly logs: LogBucket;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { settings } = props;
    const { destroyData, retentionDays, corsOrigins, logRetentionDays: logRetention } = settings;
    const key = new DataKey(this, 'Key', { destroyData });
    this.key = key;
    const network = settings.vpc ? new Network(this, 'Network', { key: key.key, logRetention }) : undefined;
    this.platform = { key: key.key, logRetention, vpc: network?.vpc };
    this.results = new ResultTable(this, 'Results', { key, destroyData });
    this.arrivals = new ScanQueue(this, 'Arrivals');
    this.logs = new LogBucket(this, 'Logs', { destroyData });
    this.scans = new ScanBucket(this, 'Scans', {
      key,
      arrivals: this.arrivals,
      accessLogs: this.logs.bucket,
      destroyData,
      retentionDays,
      corsOrigins,
    });
    this.existing = this.addExisting(settings);
    if (settings.auditTrail) {
      new AuditTrail(this, 'Audit', {
        key: key.key,
        logs: this.logs.bucket,
        scans: this.scans.bucket,
        results: this.results.table,
      });
    }
    this.addOutputs();
  }

  private addExisting({ existingBucket, ...settings }: Settings): ExistingBucket | undefined {
    if (existingBucket === null) return undefined;
    return new ExistingBucket(this, 'Existing', {
      bucketName: existingBucket,
      prefix: settings.existingBucketPrefix,
      keyArn: settings.existingBucketKeyArn,
      arrivals: this.arrivals,
    });
  }

  private addOutputs(): void {
    const { bucket } = this.scans;
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName, description: 'Drop scans here.' });
    new CfnOutput(this, 'TableName', { value: this.results.table.tableName, description: 'Results and API keys.' });
    new CfnOutput(this, 'DeadLetterQueueUrl', {
      value: this.arrivals.deadLetters.queueUrl,
      description: 'Scans that failed for a reason of ours; `sulcus redrive` when it is gone.',
    });
  }
}
