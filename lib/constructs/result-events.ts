import { Duration } from 'aws-cdk-lib';
import { type CfnEventBus, EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type Function as LambdaFunction,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEPLOYED, ENV, LIMITS, TABLE } from '../topology';
import { acknowledge } from './acknowledge';
import type { DataKey } from './data-key';
import { explainNoVpc } from './function-reasons';
import type { Platform } from './platform';
import { letEventsSend } from './queue-target';
import type { ResultTable } from './result-table';
import { ZipFunction } from './zip-function';

export interface ResultEventsProps {
  readonly platform: Platform;
  readonly key: DataKey;
  readonly results: ResultTable;
  /** Folder of functions/publish-results as bundled. */
  readonly folder: string;
}

/** Half of the day that a stream keeps its records: whatever waits behind one that fails has the other half. */
const MAX_RECORD_AGE = Duration.hours(12);
/** Ten calls of PutEvents; each takes ten. */
const BATCH_SIZE = 100;

/**
 * The table's stream -> functions/publish-results -> the bus. What the bus does not take makes the stream come again from
 * there, in halves until the record that fails stands alone; where it stood is then a dead letter. The result itself is in
 * the table, from which `sulcus republish` makes its event again.
 */
export class ResultEvents extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, props: ResultEventsProps) {
    super(scope, id);
    const { platform, key, results } = props;
    const deadLetters = this.createDeadLetters(key);
    this.bus = this.createBus(key, deadLetters);
    const { role, function: publish } = new ZipFunction(this, 'Publish', {
      platform,
      functionName: DEPLOYED.publishResults,
      description: 'Publishes an event for every final result.',
      folder: props.folder,
      environment: { [ENV.busName]: this.bus.eventBusName },
    });
    explainNoVpc(publish);
    role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] }));
    this.listen(publish, role, results, deadLetters);
    key.grantWriteQueue(role);
  }

  private createDeadLetters(key: DataKey): Queue {
    const queue = new Queue(this, 'DeadLetters', {
      queueName: DEPLOYED.eventDeadLetters,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key.key,
      enforceSSL: true,
      retentionPeriod: Duration.days(LIMITS.queueRetentionDays),
    });
    acknowledge(queue, {
      'AwsSolutions-SQS3': 'It is where dead letters go, of a stream and a bus: no queue is before it.',
    });
    return queue;
  }

  private createBus(key: DataKey, deadLetters: Queue): EventBus {
    const bus = new EventBus(this, 'Bus', {
      eventBusName: DEPLOYED.eventBus,
      description: 'Final results of Sulcus: source sulcus, detail-type Scan Classified, Scan Rejected, Scan Failed.',
    });
    // By the resource and not the construct, which would write the bus into the key's policy, where none may be named.
    const resource = bus.node.defaultChild as CfnEventBus;
    resource.kmsKeyIdentifier = key.key.keyArn;
    // For what could not be encrypted or decrypted.
    resource.deadLetterConfig = { arn: deadLetters.queueArn };
    letEventsSend(deadLetters, bus.eventBusArn);
    return bus;
  }

  private listen(publish: LambdaFunction, role: Role, results: ResultTable, deadLetters: Queue): void {
    const source = new EventSourceMapping(this, 'Stream', {
      target: publish,
      eventSourceArn: results.streamArn,
      // From the oldest on: results that are written while the stacks are deployed have events too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH_SIZE,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      maxRecordAge: MAX_RECORD_AGE,
      // The construct for it would grant uses of the key by wildcard.
      onFailure: { bind: () => ({ destination: deadLetters.queueArn }) },
      // Keys, limits and usage are in the table too, and change more often than results.
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.or('INSERT', 'MODIFY'),
          dynamodb: { Keys: { [TABLE.partitionKey]: { S: FilterRule.beginsWith(TABLE.scans) } } },
        }),
      ],
    });
    results.grantStream(role);
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }));
    // Lambda asks whether the role may read the stream when the mapping is made.
    source.node.addDependency(role);
  }
}
