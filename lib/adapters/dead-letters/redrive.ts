import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { isSulcusError, SulcusError } from '../../core/errors';

export type QueueClient = Pick<SQSClient, 'send'>;

/** @param region where the deployment is; undefined for the one of the shell's AWS profile */
export const createQueueClient = (region?: string): QueueClient =>
  new SQSClient(region === undefined ? {} : { region });

export interface RedriveProgress {
  readonly moved: number;
  /** As SQS estimates it. */
  readonly waiting: number;
}

export interface Redrive {
  readonly client: QueueClient;
  /** Names of queues. */
  readonly from: string;
  readonly to: string;
  readonly onProgress: (progress: RedriveProgress) => void;
  /** Between two looks at how far it is. */
  readonly pause: () => Promise<unknown>;
}

interface Queue {
  readonly arn: string;
  readonly waiting: number;
}

const openQueue = async (client: QueueClient, name: string): Promise<Queue> => {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn', 'ApproximateNumberOfMessages'] }),
  );
  return { arn: Attributes?.QueueArn ?? '', waiting: Number(Attributes?.ApproximateNumberOfMessages ?? 0) };
};

const latestTask = async (client: QueueClient, arn: string): Promise<ListMessageMoveTasksResultEntry | undefined> => {
  const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn: arn, MaxResults: 1 }));
  return Results?.[0];
};

/**
 * Moves all messages of one queue to another, by SQS itself, and waits until it has; takes up a move that runs already.
 * Their receives are counted anew. To a queue by name and not "where they came from": what EventBridge could not deliver
 * came from no queue.
 * @returns how many were moved
 * @throws CONFIG_INVALID when there is no such queue, STORE_UNAVAILABLE when SQS refuses, does not answer, or gives up
 */
export const redrive = async (options: Redrive): Promise<number> => {
  try {
    return await move(options);
  } catch (cause) {
    if (isSulcusError(cause)) throw cause;
    const { name = 'no answer' } = (cause ?? {}) as { name?: string };
    if (name === 'QueueDoesNotExist' || name.endsWith('NonExistentQueue')) {
      throw new SulcusError(
        'CONFIG_INVALID',
        `expected the queues ${options.from} and ${options.to} in this account and region, received none`,
        { cause },
      );
    }
    // What is no answer of AWS has no name of its own, such as a region that is not set.
    const received = name === 'Error' ? 'no answer' : name;
    throw new SulcusError('STORE_UNAVAILABLE', `expected SQS to move messages, received ${received}`, { cause });
  }
};

const move = async ({ client, from, to, onProgress, pause }: Redrive): Promise<number> => {
  const [source, destination] = [await openQueue(client, from), await openQueue(client, to)];
  const running = (await latestTask(client, source.arn))?.Status === 'RUNNING';
  if (!running) {
    if (source.waiting === 0) return 0;
    await client.send(new StartMessageMoveTaskCommand({ SourceArn: source.arn, DestinationArn: destination.arn }));
  }
  for (;;) {
    const task = await latestTask(client, source.arn);
    const moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
    onProgress({ moved, waiting: task?.ApproximateNumberOfMessagesToMove ?? source.waiting });
    if (task?.Status === 'COMPLETED') return moved;
    if (task?.Status !== 'RUNNING') {
      const reason = task?.FailureReason ?? task?.Status ?? 'no such move';
      throw new SulcusError(
        'STORE_UNAVAILABLE',
        `expected SQS to move all messages, received ${reason} after ${moved}`,
      );
    }
    await pause();
  }
};
