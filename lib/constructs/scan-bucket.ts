import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { UPLOAD_PREFIX } from '../topology';
import { ScanQueue } from './scan-queue';

export interface ScanBucketProps {
  /** Delete the scans with the stack; otherwise they outlive it. */
  readonly destroyData: boolean;
  /** Web origins that may PUT to the upload URLs of POST /v1/scans. */
  readonly corsOrigins: readonly string[];
}

/** The bucket for scans, and the queue that hears of every new object. */
export class ScanBucket extends Construct {
  readonly bucket: Bucket;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: ScanBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      // S3's own keys: a customer key shared with the queue makes bucket, key and queue wait for each other.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // A result names the version it was made from; an overwritten scan stays readable until its result exists.
      versioned: true,
      lifecycleRules: [
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        { id: 'replaced-scans', noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
      ],
      cors:
        props.corsOrigins.length === 0
          ? undefined
          : [{ allowedMethods: [HttpMethods.PUT], allowedOrigins: [...props.corsOrigins], allowedHeaders: ['*'] }],
      removalPolicy: props.destroyData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      autoDeleteObjects: props.destroyData,
    });
    const { queue, deadLetters, sendable } = new ScanQueue(this, 'Arrivals');
    this.queue = queue;
    this.deadLetters = deadLetters;

    // The L2's notification needs a Lambda function of its own to set what the bucket can say by itself.
    const resource = this.bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn }],
    };
    // S3 tests the queue when it is told of it.
    this.bucket.node.addDependency(sendable);
  }

  /** Read any scan, by version too; listing is what makes a missing key or version a 404 and not a 403. */
  grantRead(role: Role): void {
    this.allow(role, ['s3:GetObject', 's3:GetObjectVersion'], '*');
    role.addToPolicy(
      new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [this.bucket.bucketArn] }),
    );
  }

  /** Sign uploads of announced scans: a URL can do what its signer may. */
  grantAnnounce(role: Role): void {
    this.allow(role, ['s3:PutObject'], `${UPLOAD_PREFIX}*`);
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

  private allow(role: Role, actions: string[], keys: string): void {
    role.addToPolicy(new PolicyStatement({ actions, resources: [this.bucket.arnForObjects(keys)] }));
  }
}
