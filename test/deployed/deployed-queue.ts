import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Account } from './account';
import type { DeployedFunctions } from './deployed-functions';

interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes: Record<string, string>;
}

export const queueUrl = async (account: Account, name: string): Promise<string> =>
  (await account.queue<{ QueueUrl: string }>('GetQueueUrl', { QueueName: name })).QueueUrl;

/** Messages that can be received now; each counts as received once more. */
export const receive = async (account: Account, QueueUrl: string, count: number): Promise<readonly Message[]> => {
  const request = { QueueUrl, MaxNumberOfMessages: count, AttributeNames: ['All'], WaitTimeSeconds: 0 };
  return (await account.queue<{ Messages?: Message[] }>('ReceiveMessage', request)).Messages ?? [];
};

/**
 * The event source mapping's part, as deployed: batches to the function until the queue has nothing to give, done
 * messages deleted, failed ones made visible at once instead of after the queue's timeout. @returns bodies handed over
 */
export const drainQueue = async (account: Account, functions: DeployedFunctions): Promise<string[]> => {
  const [source, ...others] = await account.eventSources();
  if (source === undefined || others.length > 0) throw new Error('expected one event source mapping');
  const { EventSourceArn, FunctionArn, BatchSize } = source;
  const QueueUrl = await queueUrl(account, EventSourceArn.split(':').at(-1) ?? '');
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
