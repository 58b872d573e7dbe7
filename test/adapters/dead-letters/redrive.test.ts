import { type QueueClient, type RedriveProgress, redrive } from '../../../lib/adapters/dead-letters';

const arnOf = (name: string) => `arn:aws:sqs:eu-central-1:111122223333:${name}`;

interface Task {
  Status: string;
  ApproximateNumberOfMessagesMoved: number;
  ApproximateNumberOfMessagesToMove: number;
  FailureReason?: string;
}

/** SQS's answers as its API reference gives them: a move task that takes two looks for each step. */
const createSqs = ({ waiting = 3, tasks = [] as Task[], steps = [] as Partial<Task>[] } = {}) => {
  const sent: { name: string; input: Record<string, unknown> }[] = [];
  const started = {
    Status: 'RUNNING',
    ApproximateNumberOfMessagesMoved: 0,
    ApproximateNumberOfMessagesToMove: waiting,
  };
  const answers: Record<string, (input: Record<string, string>) => unknown> = {
    GetQueueUrlCommand: ({ QueueName }) => ({ QueueUrl: `https://sqs.example/${QueueName}` }),
    GetQueueAttributesCommand: ({ QueueUrl = '' }) => ({
      Attributes: { QueueArn: arnOf(QueueUrl.split('/').at(-1) ?? ''), ApproximateNumberOfMessages: String(waiting) },
    }),
    ListMessageMoveTasksCommand: () => {
      const Results = tasks.slice(-1).map((task) => ({ ...task }));
      const step = steps.shift();
      if (step !== undefined) Object.assign(tasks.at(-1) ?? {}, step);
      return { Results };
    },
    StartMessageMoveTaskCommand: () => {
      tasks.push({ ...started });
      return { TaskHandle: 'handle' };
    },
  };
  const client = {
    send: async (command: { constructor: { name: string }; input: Record<string, string> }) => {
      sent.push({ name: command.constructor.name, input: command.input });
      return answers[command.constructor.name]?.(command.input);
    },
  } as unknown as QueueClient;
  return { client, sent };
};

const run = async (client: QueueClient) => {
  const seen: RedriveProgress[] = [];
  let pauses = 0;
  const onProgress = (progress: RedriveProgress) => void seen.push(progress);
  const pause = async () => {
    pauses += 1;
  };
  const moved = await redrive({ client, from: 'dead', to: 'arrivals', onProgress, pause });
  return { moved, seen, pauses };
};

describe('a redrive', () => {
  it('moves from the one queue to the other and waits until all is moved', async () => {
    const steps = [
      {},
      { ApproximateNumberOfMessagesMoved: 2 },
      { ApproximateNumberOfMessagesMoved: 3, Status: 'COMPLETED' },
    ];
    const { client, sent } = createSqs({ steps });

    const { moved, seen, pauses } = await run(client);

    expect(moved).toBe(3);
    expect(seen.map((progress) => [progress.moved, progress.waiting])).toEqual([
      [0, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(pauses).toBe(2);
    expect(sent.filter(({ name }) => name === 'StartMessageMoveTaskCommand')).toEqual([
      expect.objectContaining({ input: { SourceArn: arnOf('dead'), DestinationArn: arnOf('arrivals') } }),
    ]);
  });

  it('starts nothing for an empty queue', async () => {
    const { client, sent } = createSqs({ waiting: 0 });

    expect((await run(client)).moved).toBe(0);
    expect(sent.map(({ name }) => name)).not.toContain('StartMessageMoveTaskCommand');
  });

  it('takes up a move that runs, although what it moves is not waiting any more', async () => {
    const running = { Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 5, ApproximateNumberOfMessagesToMove: 9 };
    const steps = [{}, { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 9 }];
    const { client, sent } = createSqs({ waiting: 0, tasks: [running], steps });

    expect((await run(client)).moved).toBe(9);
    expect(sent.map(({ name }) => name)).not.toContain('StartMessageMoveTaskCommand');
  });

  it('does not take the end of an earlier move for its own', async () => {
    const earlier = { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 7, ApproximateNumberOfMessagesToMove: 7 };
    const steps = [{}, { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }];
    const { client } = createSqs({ tasks: [earlier], steps });

    expect((await run(client)).moved).toBe(3);
  });

  it('says why SQS gave up, and after how many', async () => {
    const steps = [
      {},
      { ApproximateNumberOfMessagesMoved: 1, Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' },
    ];

    await expect(run(createSqs({ steps }).client)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('CouldNotDetermineMessageSource after 1'),
    });
  });

  it.each([
    ['QueueDoesNotExist', 'CONFIG_INVALID', 'dead and arrivals in this account and region'],
    ['AWS.SimpleQueueService.NonExistentQueue', 'CONFIG_INVALID', 'dead and arrivals in this account and region'],
    ['AccessDenied', 'STORE_UNAVAILABLE', 'AccessDenied'],
    ['CredentialsProviderError', 'STORE_UNAVAILABLE', 'CredentialsProviderError'],
  ])('answers %s of AWS as %s', async (name, code, text) => {
    const client = {
      send: async () => {
        throw Object.assign(new Error('refused'), { name });
      },
    } as unknown as QueueClient;

    await expect(run(client)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });
});
