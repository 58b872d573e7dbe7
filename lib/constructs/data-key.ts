import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface DataKeyProps {
  /** Delete the key with the stack, 30 days later; otherwise it outlives it, as what it encrypts does. */
  readonly destroyData: boolean;
}

/** Uses of the key that S3 makes on a role's behalf: reading an object, and writing one. */
const S3_READ = ['kms:Decrypt'] as const;
const S3_WRITE = ['kms:Decrypt', 'kms:GenerateDataKey'] as const;
/** Queues of events, and the secret that signs webhooks. */
const QUEUE_READ = ['kms:Decrypt'] as const;
const QUEUE_WRITE = ['kms:Decrypt', 'kms:GenerateDataKey'] as const;
const SECRET_READ = ['kms:Decrypt'] as const;
/** What DynamoDB asks of whoever uses a table with a customer's key; CDK's own grant has wildcards for them. */
const TABLE_READ = ['kms:Decrypt', 'kms:DescribeKey'] as const;
const TABLE_WRITE = [
  ...TABLE_READ,
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

/**
 * The one key: scans, results, their events, logs and the audit trail are encrypted with it. Its policy names services and this
 * account but no bucket, table or log group: whatever it named would wait for the key while the key waits for it.
 */
export class DataKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, { destroyData }: DataKeyProps) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Encrypts scans, results, events, logs and the audit trail of Sulcus.',
      enableKeyRotation: true,
      removalPolicy: destroyData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    this.allowLogs();
    this.allowTrail();
    this.allowEvents();
  }

  grantReadScans(role: Role): void {
    this.allow(role, 's3', S3_READ);
  }

  grantWriteScans(role: Role): void {
    this.allow(role, 's3', S3_WRITE);
  }

  grantReadTable(role: Role): void {
    this.allow(role, 'dynamodb', TABLE_READ);
  }

  grantWriteTable(role: Role): void {
    this.allow(role, 'dynamodb', TABLE_WRITE);
  }

  grantReadQueue(role: Role): void {
    this.allow(role, 'sqs', QUEUE_READ);
  }

  grantWriteQueue(role: Role): void {
    this.allow(role, 'sqs', QUEUE_WRITE);
  }

  grantReadSecret(role: Role): void {
    this.allow(role, 'secretsmanager', SECRET_READ);
  }

  private allow(role: Role, service: 's3' | 'dynamodb' | 'sqs' | 'secretsmanager', actions: readonly string[]): void {
    const { region, urlSuffix } = Stack.of(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
      }),
    );
  }

  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
  private allowLogs(): void {
    const { partition, region, account } = Stack.of(this);
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'CloudWatchLogsOfThisAccount',
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
          'kms:GenerateDataKey',
          'kms:DescribeKey',
        ],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
  }

  /** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html */
  private allowTrail(): void {
    const { partition, account } = Stack.of(this);
    const principals = [new ServicePrincipal('cloudtrail.amazonaws.com')];
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TrailsOfThisAccount',
        principals,
        actions: ['kms:GenerateDataKey', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          StringLike: {
            'kms:EncryptionContext:aws:cloudtrail:arn': `arn:${partition}:cloudtrail:*:${account}:trail/*`,
          },
        },
      }),
    );
  }

  /** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html: the bus and queues behind it. */
  private allowEvents(): void {
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EventsOfThisAccount',
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }
}
