import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  HttpMethods,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { RESULT_SUFFIX, UPLOAD_PREFIX } from '../topology';
import { acknowledge, OBJECTS_BY_PATTERN } from './acknowledge';
import type { DataKey } from './data-key';
import type { ScanQueue } from './scan-queue';

export interface ScanBucketProps {
  readonly key: DataKey;
  /** Hears of every new object. */
  readonly arrivals: ScanQueue;
  readonly accessLogs: IBucket;
  /** Delete the scans with the stack; otherwise they outlive it. */
  readonly destroyData: boolean;
  /** Days a scan is kept; null until it is deleted. */
  readonly retentionDays: number | null;
  /** Web origins that may PUT to the upload URLs of POST /v1/scans. */
  readonly corsOrigins: readonly string[];
}

/** Replaced scans wait for an event that comes late: 30 days, with a retention as long as the queue holds one. */
const lifecycle = (retentionDays: number | null): LifecycleRule[] => [
  { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
  {
    id: 'replaced-scans',
    noncurrentVersionExpiration: Duration.days(retentionDays === null ? 30 : 7),
    expiredObjectDeleteMarker: true,
  },
  ...(retentionDays === null ? [] : [{ id: 'expired-scans', expiration: Duration.days(retentionDays) }]),
];

/** How cdk-nag writes this bucket's ARN in the policies of other stacks: by the name of its export. */
const EXPORTED_ARN = 'SulcusData:ExportsOutputFnGetAttScansBucket69E340CDArnD1744B69';

/** The bucket for scans, which tells a queue of every new object. */
export class ScanBucket extends Construct {
  readonly bucket: Bucket;
  private readonly key: DataKey;

  constructor(scope: Construct, id: string, props: ScanBucketProps) {
    super(scope, id);
    this.key = props.key;
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key.key,
      // One data key for many objects: a hundredth of the KMS requests.
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // A result names the version it was made from; an overwritten scan stays readable until its result exists.
      versioned: true,
      lifecycleRules: lifecycle(props.retentionDays),
      serverAccessLogsBucket: props.accessLogs,
      serverAccessLogsPrefix: 'access/',
      cors:
        props.corsOrigins.length === 0
          ? undefined
          : [{ allowedMethods: [HttpMethods.PUT], allowedOrigins: [...props.corsOrigins], allowedHeaders: ['*'] }],
      removalPolicy: props.destroyData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      autoDeleteObjects: props.destroyData,
    });
    // The L2's notification needs a Lambda function of its own to set what the bucket can say by itself.
    const resource = this.bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: props.arrivals.queue.queueArn }],
    };
    // S3 tests the queue when it is told of it.
    this.bucket.node.addDependency(props.arrivals.sendable);
    acknowledge(this.bucket, {
      'HIPAA.Security-S3BucketReplicationEnabled':
        'A second region doubles storage and spreads scans; versions and retained deletion protect against loss.',
    });
  }

  /** Read any scan, by version too; listing is what makes a missing key or version a 404 and not a 403. */
  grantRead(role: Role): void {
    this.allow(role, ['s3:GetObject', 's3:GetObjectVersion'], '*');
    role.addToPolicy(
      new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [this.bucket.bucketArn] }),
    );
    this.key.grantReadScans(role);
  }

  /** Sign uploads of announced scans: a URL can do what its signer may. */
  grantAnnounce(role: Role): void {
    this.allow(role, ['s3:PutObject'], `${UPLOAD_PREFIX}*`);
    this.key.grantWriteScans(role);
  }

  /** Remove announced scans, version by version, so that no copy is left behind a delete marker. */
  grantRemove(role: Role): void {
    this.allow(role, ['s3:DeleteObjectVersion'], `${UPLOAD_PREFIX}*`);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${UPLOAD_PREFIX}*` } },
      }),
    );
  }

  /** Remove results that were written beside scans. */
  grantRemoveResults(role: Role): void {
    this.allow(role, ['s3:DeleteObjectVersion'], `*${RESULT_SUFFIX}`);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `*${RESULT_SUFFIX}` } },
      }),
    );
  }

  /** Write results beside scans, and read what is there already. */
  grantResultObjects(role: Role): void {
    this.allow(role, ['s3:GetObject', 's3:PutObject'], `*${RESULT_SUFFIX}`);
    this.key.grantWriteScans(role);
  }

  private allow(role: Role, actions: string[], keys: string): void {
    role.addToPolicy(new PolicyStatement({ actions, resources: [this.bucket.arnForObjects(keys)] }));
    acknowledge(role, { [`AwsSolutions-IAM5[Resource::${EXPORTED_ARN}/${keys}]`]: OBJECTS_BY_PATTERN });
  }
}
