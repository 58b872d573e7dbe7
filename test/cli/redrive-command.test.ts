import type { QueueClient } from '../../lib/adapters/dead-letters';
import { redriveCommand } from '../../lib/cli/redrive-command';
import { recordOutput } from '../support/output-recorder';

/** SQS with so many dead letters, each look at the move one further. */
const createSqs = (waiting: number): QueueClient => {
  let moved = -1;
  const answers: Record<string, () => unknown> = {
    GetQueueUrlCommand: () => ({ QueueUrl: 'https://sqs.example/queue' }),
    GetQueueAttributesCommand: () => ({ Attributes: { QueueArn: 'arn', ApproximateNumberOfMessages: `${waiting}` } }),
    StartMessageMoveTaskCommand: () => {
      moved = 0;
      return {};
    },
    ListMessageMoveTasksCommand: () => {
      if (moved < 0) return { Results: [] };
      const Status = moved >= waiting ? 'COMPLETED' : 'RUNNING';
      const task = { Status, ApproximateNumberOfMessagesMoved: moved, ApproximateNumberOfMessagesToMove: waiting };
      moved += 1;
      return { Results: [task] };
    },
  };
  const send = async (command: object) => answers[command.constructor.name]?.();
  return { send } as unknown as QueueClient;
};

describe('sulcus redrive', () => {
  const run = async (waiting: number, json: boolean, webhooks = false) => {
    const output = recordOutput();
    const exitCode = await redriveCommand({ json, webhooks }, output, createSqs(waiting), 0);
    return { exitCode, lines: output.lines };
  };

  test('says how many scans it put back', async () => {
    expect(await run(2, false)).toEqual({
      exitCode: 0,
      lines: [expect.stringMatching(/^2 moved to sulcus-arrivals\./)],
    });
    expect((await run(0, false)).lines).toEqual(['Nothing to move: sulcus-dead-letters is empty.']);
  });

  test('puts webhooks back when asked to', async () => {
    const { lines } = await run(2, true, true);

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { from: 'sulcus-webhook-dead-letters', to: 'sulcus-webhooks', moved: 2 },
    ]);
  });

  test('and as JSON', async () => {
    const { lines } = await run(2, true);

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { from: 'sulcus-dead-letters', to: 'sulcus-arrivals', moved: 2 },
    ]);
  });
});
