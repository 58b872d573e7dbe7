import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { LIMITS } from '../topology';
import { UPLOAD_VISIBILITY } from './timing';

/** A message moves to the dead letters with the age it has, so the queue before them must give up earlier. */
const ARRIVAL_RETENTION = Duration.days(LIMITS.queueRetentionDays / 2);

/** The queue of arrived scans and its dead letters, encrypted by SQS, reachable over TLS only. */
export class ScanQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  /** What must exist before S3 can send. */
  readonly sendable: IDependable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(LIMITS.queueRetentionDays),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: ARRIVAL_RETENTION,
      visibilityTimeout: UPLOAD_VISIBILITY,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: LIMITS.maxReceiveCount },
    });
    const { policyDependable } = this.queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        // Not the bucket's ARN: the bucket waits for this policy, so the policy cannot name the bucket.
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    this.sendable = policyDependable ?? this.queue;
  }
}
