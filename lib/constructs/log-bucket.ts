import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

export interface LogBucketProps {
  /** Delete the logs with the stack; otherwise they outlive it. */
  readonly destroyData: boolean;
}

/** Somewhat more than a year, so that a year can be looked back on at its end. */
const KEPT = Duration.days(400);

/** Who read, wrote and deleted scans: the access logs of their bucket, the files of the trail, the reports of backfills. */
export class LogBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { destroyData }: LogBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      lifecycleRules: [
        {
          id: 'old-logs',
          expiration: KEPT,
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: destroyData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      autoDeleteObjects: destroyData,
    });
    acknowledge(this.bucket, {
      'HIPAA.Security-S3BucketReplicationEnabled':
        'A second region doubles storage and spreads the logs; whoever needs it adds a rule.',
      'HIPAA.Security-S3DefaultEncryptionKMS':
        "S3 delivers access logs only to buckets with S3's own encryption; the trail's files are encrypted with the key.",
    });
  }
}
