import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { DEPLOYED } from '../../lib/topology';
import type { Account, EventSource } from './account';
import type { DeployedFunctions } from './deployed-functions';

interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes: Record<string, string>;
}

export const queueUrl = async (account: Account, name: string): Promise<string> =>
  (await account.queue<{ QueueUrl: string }>('GetQueueUrl', { QueueName: name })).QueueUrl;

/** The one mapping from a queue or stream of this name. */
export const sourceOf = async (account: Account, name: string): Promise<EventSource> => {
  const found = (await account.eventSources()).filter(({ EventSourceArn }) =>
    EventSourceArn.split(/[:/]/).includes(name),
  );
  if (found[0] === undefined || found.length > 1) throw new Error(`expected one event source mapping of ${name}`);
  return found[0];
};

/** Messages that can be received now; each counts as received once more. */
export const receive = async (account: Account, QueueUrl: string, count: number): Promise<readonly Message[]> => {
  const request = { QueueUrl, MaxNumberOfMessages: count, AttributeNames: ['All'], WaitTimeSeconds: 0 };
  return (await account.queue<{ Messages?: Message[] }>('ReceiveMessage', request)).Messages ?? [];
};

/**
 * An event source mapping's part, as deployed: batches to the function until the queue has nothing to give, done
 * messages deleted, failed ones made visible at once instead of after the queue's timeout. @returns bodies handed over
 */
export const drainQueue = async (account: Account, functions: DeployedFunctions): Promise<string[]> => {
  const { EventSourceArn, FunctionArn, BatchSize } = await sourceOf(account, DEPLOYED.arrivals);
  const QueueUrl = await queueUrl(account, DEPLOYED.arrivals);
  const bodies: string[] = [];
  for (;;) {
    const messages = await receive(account, QueueUrl, BatchSize);
    if (messages.length === 0) return bodies;
    bodies.push(...messages.map(({ Body }) => Body));
    const event = {
      Records: messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        attributes: Attributes,
        eventSource: 'aws:sqs',
        eventSourceARN: EventSourceArn,
      })),
    } as unknown as SQSEvent;
    const { batchItemFailures } = (await functions.invoke(FunctionArn, event)) as SQSBatchResponse;
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { MessageId, ReceiptHandle } of messages) {
      if (failed.has(MessageId)) {
        await account.queue('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
      } else await account.queue('DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
};
