import { Duration } from 'aws-cdk-lib';
import { type IEventBus, Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { WEBHOOK_ATTEMPTS } from '../core/deliver-webhook';
import { EVENT_SOURCE } from '../core/event-contract';
import { DEPLOYED, ENV, LIMITS } from '../topology';
import { acknowledge } from './acknowledge';
import type { DataKey } from './data-key';
import { explainNoVpc } from './function-reasons';
import type { Platform } from './platform';
import { sendToQueue } from './queue-target';
import { WEBHOOK_TIMEOUT, WEBHOOK_VISIBILITY } from './timing';
import { ZipFunction } from './zip-function';

export interface WebhookProps {
  readonly platform: Platform;
  readonly key: DataKey;
  readonly bus: IEventBus;
  readonly url: string;
  /** Folder of functions/deliver-webhook as bundled. */
  readonly folder: string;
}

/** Longer than all attempts take; a dead letter keeps the age it has, so it then has at least ten days. */
const RETENTION = Duration.days(4);
/** So that a bulk upload does not fall upon the receiver at once: 50 POSTs side by side. */
const BATCH_SIZE = 10;
const CONCURRENCY = 5;

/** The bus -> a queue -> functions/deliver-webhook -> the receiver; after the last attempt, a dead letter. */
export class Webhook extends Construct {
  /** What signs; kept when it is changed by hand, since a deployment does not write it again. */
  readonly secret: Secret;
  private readonly queue: Queue;
  private readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WebhookProps) {
    super(scope, id);
    const { platform, key, bus, url } = props;
    this.secret = this.createSecret(key);
    const queueOptions = { encryption: QueueEncryption.KMS, encryptionMasterKey: key.key, enforceSSL: true } as const;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...queueOptions,
      queueName: DEPLOYED.webhookDeadLetters,
      retentionPeriod: Duration.days(LIMITS.queueRetentionDays),
    });
    this.queue = new Queue(this, 'Queue', {
      ...queueOptions,
      queueName: DEPLOYED.webhooks,
      retentionPeriod: RETENTION,
      visibilityTimeout: WEBHOOK_VISIBILITY,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: WEBHOOK_ATTEMPTS },
    });
    this.receiveFrom(bus);
    const { role, function: deliver } = new ZipFunction(this, 'Deliver', {
      platform,
      functionName: DEPLOYED.deliverWebhook,
      description: 'Sends events of results to the webhook, signed.',
      folder: props.folder,
      timeout: WEBHOOK_TIMEOUT,
      environment: {
        [ENV.webhookUrl]: url,
        [ENV.webhookSecretId]: this.secret.secretArn,
        [ENV.webhookQueueUrl]: this.queue.queueUrl,
      },
    });
    explainNoVpc(deliver);
    this.grant(role, key);
    const source = new EventSourceMapping(this, 'Messages', {
      target: deliver,
      eventSourceArn: this.queue.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      maxConcurrency: CONCURRENCY,
    });
    source.node.addDependency(role);
  }

  private createSecret(key: DataKey): Secret {
    const secret = new Secret(this, 'Secret', {
      description: 'Signs the webhooks of Sulcus; one or, while they are rotated, several separated by white space.',
      encryptionKey: key.key,
      // 62^43 is 256 bits. Without the prefix whsec_ the text itself is the key.
      generateSecretString: { passwordLength: 43, excludePunctuation: true },
    });
    const byHand =
      'The receiver has to know the new one first: docs/events.md has the three steps, without a deployment.';
    acknowledge(secret, {
      'AwsSolutions-SMG4': byHand,
      'HIPAA.Security-SecretsManagerRotationEnabled': byHand,
    });
    return secret;
  }

  /** All that is published. */
  private receiveFrom(eventBus: IEventBus): void {
    const rule = new Rule(this, 'Events', {
      description: 'Events of final results, for the webhook.',
      eventBus,
      eventPattern: { source: [EVENT_SOURCE] },
    });
    sendToQueue(rule, this.queue, this.deadLetters);
  }

  private grant(role: Role, key: DataKey): void {
    role.addToPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.secretArn] }),
    );
    key.grantReadSecret(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          // Hides for longer what was not delivered.
          'sqs:ChangeMessageVisibility',
        ],
        resources: [this.queue.queueArn],
      }),
    );
    key.grantReadQueue(role);
  }
}
