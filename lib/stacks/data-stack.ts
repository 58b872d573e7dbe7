import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ResultTable } from '../constructs/result-table';
import { ScanBucket } from '../constructs/scan-bucket';

export interface DataStackProps extends StackProps {
  readonly destroyData: boolean;
  readonly corsOrigins: readonly string[];
}

/** What outlives a deployment: scans and results, and the queue that belongs to the bucket. */
export class DataStack extends Stack {
  readonly scans: ScanBucket;
  readonly results: ResultTable;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { destroyData, corsOrigins } = props;
    this.results = new ResultTable(this, 'Results', { destroyData });
    this.scans = new ScanBucket(this, 'Scans', { destroyData, corsOrigins });

    new CfnOutput(this, 'BucketName', { value: this.scans.bucket.bucketName, description: 'Drop scans here.' });
    new CfnOutput(this, 'TableName', { value: this.results.table.tableName, description: 'Results and API keys.' });
    new CfnOutput(this, 'DeadLetterQueueUrl', {
      value: this.scans.deadLetters.queueUrl,
      description: 'Scans that failed for a reason of ours; redrive when it is gone.',
    });
  }
}
