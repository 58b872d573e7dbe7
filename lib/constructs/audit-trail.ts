import { Stack } from 'aws-cdk-lib';
import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

export interface AuditTrailProps {
  readonly key: IKey;
  readonly logs: Bucket;
  readonly scans: IBucket;
  readonly results: ITable;
}

/** Calls that look through the table or take from it; the functions' own reads by key are in their log lines. */
const TABLE_CALLS = [
  'BatchWriteItem',
  'DeleteItem',
  'ExecuteStatement',
  'BatchExecuteStatement',
  'Query',
  'Scan',
  'TransactWriteItems',
] as const;

const dataEvents = (type: string, ...fields: CfnTrail.AdvancedFieldSelectorProperty[]) => ({
  fieldSelectors: [
    { field: 'eventCategory', equalTo: ['Data'] },
    { field: 'resources.type', equalTo: [type] },
    ...fields,
  ],
});

/**
 * Who read, wrote or deleted a scan, by whatever way: each call on the bucket's objects, and calls on the table that no
 * function of ours makes by key. Files are signed, encrypted and in the log bucket.
 */
export class AuditTrail extends Construct {
  constructor(scope: Construct, id: string, props: AuditTrailProps) {
    super(scope, id);
    const { key, logs, scans, results } = props;
    const trail = new CfnTrail(this, 'Trail', {
      isLogging: true,
      isMultiRegionTrail: false,
      includeGlobalServiceEvents: false,
      enableLogFileValidation: true,
      kmsKeyId: key.keyArn,
      s3BucketName: logs.bucketName,
      s3KeyPrefix: 'trail',
      advancedEventSelectors: [
        {
          name: 'Scans',
          ...dataEvents('AWS::S3::Object', { field: 'resources.ARN', startsWith: [scans.arnForObjects('')] }),
        },
        {
          name: 'Results',
          ...dataEvents(
            'AWS::DynamoDB::Table',
            { field: 'resources.ARN', equalTo: [results.tableArn] },
            { field: 'eventName', equalTo: [...TABLE_CALLS] },
          ),
        },
      ],
    });
    const { policyDependable } = this.allowDelivery(logs);
    if (policyDependable) trail.node.addDependency(policyDependable);
    acknowledge(trail, {
      'HIPAA.Security-CloudTrailCloudWatchLogsEnabled':
        'Every scan makes two events; a copy in CloudWatch would cost as much as the trail. Its files can be queried.',
    });
  }

  /** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
  private allowDelivery(logs: Bucket) {
    const { account } = Stack.of(this);
    const principals = [new ServicePrincipal('cloudtrail.amazonaws.com')];
    const fromHere = { 'aws:SourceAccount': account };
    logs.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['s3:GetBucketAcl'],
        resources: [logs.bucketArn],
        conditions: { StringEquals: fromHere },
      }),
    );
    return logs.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['s3:PutObject'],
        resources: [logs.arnForObjects(`trail/AWSLogs/${account}/*`)],
        conditions: { StringEquals: { ...fromHere, 's3:x-amz-acl': 'bucket-owner-full-control' } },
      }),
    );
  }
}
