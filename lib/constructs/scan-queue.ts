import { Duration, Stack } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { DEPLOYED, LIMITS } from '../topology';
import { sendToQueue } from './queue-target';
import { UPLOAD_VISIBILITY } from './timing';

/** A message moves to the dead letters with the age it has, so the queue before them must give up earlier. */
const ARRIVAL_RETENTION = Duration.days(LIMITS.queueRetentionDays / 2);

/**
 * The queue of arrived scans and its dead letters, reachable over TLS only. Encrypted by SQS: messages hold keys of
 * objects and no scan, and with a customer's key bucket, key and queue would wait for each other.
 */
export class ScanQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  /** What must exist before S3 can send. */
  readonly sendable: IDependable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: DEPLOYED.deadLetters,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(LIMITS.queueRetentionDays),
    });
    this.queue = new Queue(this, 'Queue', {
      queueName: DEPLOYED.arrivals,
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

  /** Lets a rule of EventBridge send; what it cannot deliver waits with the dead letters, in the same form. */
  receiveFrom(rule: Rule): void {
    sendToQueue(rule, this.queue, this.deadLetters);
  }
}
