import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';

/** Hides a received message for so long; it then comes again. */
export type RetryLater = (receiptHandle: string, delaySeconds: number) => Promise<void>;

/** On the queue with this URL. SQS hides a message for 12 hours at most, which no delay here reaches. */
export const createRetryLater =
  (queueUrl: string, client: Pick<SQSClient, 'send'> = new SQSClient()): RetryLater =>
  async (receiptHandle, delaySeconds) => {
    const message = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: delaySeconds };
    await client.send(new ChangeMessageVisibilityCommand(message));
  };
