import type { StepFunctionsClient } from '../../lib/adapters/step-functions';
import type { ReadLines } from '../../lib/adapters/step-functions/map-results';
import { deployedBackfill, parseSource } from '../../lib/cli/backfill/deployed';
import { mergeReports, reportOf } from '../../lib/core/backfill-report';
import { DEPLOYED } from '../../lib/topology';
import { recordOutput } from '../support/output-recorder';
import { scanRecord } from '../support/scan-records';

const EXECUTION = 'arn:aws:states:eu-central-1:111122223333:execution:sulcus-backfill:abc';
const MAP_RUN = 'arn:aws:states:eu-central-1:111122223333:mapRun:sulcus-backfill/Objects:1234-uuid';

const done = reportOf('a.png', { outcome: 'classified', record: scanRecord('classified') });
const failed = mergeReports(
  reportOf('b.png', { outcome: 'failed' }, 'STORE_UNAVAILABLE'),
  reportOf('c.png', { outcome: 'kept', record: scanRecord('classified', { label: 'meningioma' }) }),
);

/** Result files as Step Functions writes them with COMPACT and JSONL: outputs of what succeeded, all of what failed. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'backfill/1234-uuid/manifest.json': [
    '{"DestinationBucket":"logs","MapRunArn":"x","ResultFiles":{"FAILED":[{"Key":"f","Size":1}],',
    '"PENDING":[],"SUCCEEDED":[{"Key":"s","Size":1}]}}',
  ],
  s: [JSON.stringify(done), JSON.stringify(done), ''],
  f: [
    JSON.stringify({ Status: 'FAILED', Error: 'SomeScansFailed', Cause: JSON.stringify(failed), Input: '{}' }),
    JSON.stringify({
      Status: 'TIMED_OUT',
      Error: 'States.Timeout',
      Input: JSON.stringify({ BatchInput: {}, Items: [{ key: 'd.png', sizeBytes: 1 }] }),
    }),
  ],
};
const readLines: ReadLines = async ({ key }) => {
  const lines = FILES[key];
  return (
    lines &&
    (async function* () {
      yield* lines;
    })()
  );
};

/** Step Functions whose execution ends so, after one look at it running. */
const createStepFunctions = (status: string, options: { found?: boolean; output?: boolean } = {}) => {
  const { found = true, output = true } = options;
  const sent: { name: string; input: Record<string, unknown> }[] = [];
  let looks = 0;
  const details = {
    MapRunArn: MAP_RUN,
    ResultWriterDetails: { Bucket: 'logs', Key: 'backfill/1234-uuid/manifest.json' },
  };
  const answers: Record<string, () => unknown> = {
    ListStateMachinesCommand: () => ({
      stateMachines: found ? [{ name: 'other' }, { name: DEPLOYED.backfill, stateMachineArn: 'machine' }] : [],
    }),
    StartExecutionCommand: () => ({ executionArn: EXECUTION }),
    RedriveExecutionCommand: () => ({}),
    DescribeExecutionCommand: () => {
      looks += 1;
      const now = looks === 1 ? 'RUNNING' : status;
      return { status: now, ...(now === 'SUCCEEDED' && output && { output: JSON.stringify(details) }) };
    },
    ListMapRunsCommand: () => ({ mapRuns: [{ mapRunArn: MAP_RUN }] }),
    DescribeMapRunCommand: () => ({ itemCounts: { total: 5, succeeded: looks === 1 ? 1 : 3, failed: 2 } }),
    DescribeStateMachineForExecutionCommand: () => ({
      definition: JSON.stringify({
        States: { Objects: { ResultWriter: { Parameters: { Bucket: 'logs', Prefix: 'backfill' } } } },
      }),
    }),
  };
  const send = async (command: { input: Record<string, unknown> }) => {
    sent.push({ name: command.constructor.name, input: command.input });
    return answers[command.constructor.name]?.();
  };
  return { client: { send } as unknown as StepFunctionsClient, sent };
};

const run = async (options: object, machine = createStepFunctions('SUCCEEDED')) => {
  const output = recordOutput();
  const clients = { stepFunctions: machine.client, readLines, pauseMs: 0 };
  const exitCode = await deployedBackfill('s3://scans/mri/2020', options, output, clients);
  return { exitCode, lines: output.lines, notes: output.notes, sent: machine.sent };
};

describe('sulcus backfill s3://', () => {
  test('starts the state machine of the deployment, and says which execution', async () => {
    const { exitCode, lines, sent } = await run({ json: true, concurrency: 7, limit: 9, dryRun: true });

    expect(exitCode).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ execution: EXECUTION, status: 'RUNNING', dryRun: true }]);
    const start = sent.find(({ name }) => name === 'StartExecutionCommand')?.input;
    expect(start?.stateMachineArn).toBe('machine');
    expect(JSON.parse(String(start?.input))).toEqual({
      bucket: 'scans',
      prefix: 'mri/2020',
      concurrency: 7,
      limit: 9,
      dryRun: true,
    });
  });

  test('always names concurrency and limit: the definition reads both', async () => {
    const { sent } = await run({});
    const input = JSON.parse(String(sent.find(({ name }) => name === 'StartExecutionCommand')?.input.input));

    expect(input).toMatchObject({ concurrency: 50, limit: 100_000_000, dryRun: false });
  });

  test('waits for the end, adds up what the batches wrote, and exits with 1 where some failed', async () => {
    const { exitCode, lines, notes } = await run({ wait: true, json: true });

    expect(notes).toEqual(['3 of 5', '5 of 5']);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      execution: EXECUTION,
      status: 'SUCCEEDED',
      scans: 5,
      outcomes: { classified: 2, kept: 1, failed: 2 },
      labels: { glioma: 2, meningioma: 1 },
      reasons: { STORE_UNAVAILABLE: 1, 'States.Timeout': 1 },
      failures: [
        { key: 'b.png', code: 'STORE_UNAVAILABLE' },
        { key: 'd.png', code: 'States.Timeout' },
      ],
    });
    expect(exitCode).toBe(1);
  });

  test('finds the report of an execution that failed by its definition, and says how to go on', async () => {
    const { exitCode, lines, notes } = await run({ wait: true }, createStepFunctions('FAILED'));

    expect(lines[0]).toBe('5 objects');
    expect(notes.at(-1)).toContain(`--resume ${EXECUTION}`);
    expect(exitCode).toBe(1);
  });

  test('resumes an execution instead of starting one', async () => {
    const { sent, lines } = await run({ resume: EXECUTION });

    expect(sent).toEqual([{ name: 'RedriveExecutionCommand', input: { executionArn: EXECUTION } }]);
    expect(lines).toEqual([`Resumed ${EXECUTION}`]);
  });

  test('says what is missing without a deployment', async () => {
    await expect(run({}, createStepFunctions('SUCCEEDED', { found: false }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'expected the state machine sulcus-backfill in this account and region, received none',
    });
  });

  test.each(['NotFound', 'ExecutionDoesNotExist'])('names what Step Functions answers: %s', async (name) => {
    const send = async () => Promise.reject(Object.assign(new Error('no'), { name }));
    const clients = { stepFunctions: { send } as never, readLines, pauseMs: 0 };

    await expect(deployedBackfill('s3://scans', { resume: EXECUTION }, recordOutput(), clients)).rejects.toMatchObject({
      code: name === 'NotFound' ? 'STORE_UNAVAILABLE' : 'INVALID_REQUEST',
    });
  });

  test.each([
    ['s3://scans', { bucket: 'scans', prefix: '' }],
    ['s3://scans/', { bucket: 'scans', prefix: '' }],
    ['s3://my.scans-1/a b/ü', { bucket: 'my.scans-1', prefix: 'a b/ü' }],
  ])('reads %s', (source, expected) => {
    expect(parseSource(source)).toEqual(expected);
  });

  test.each(['s3://', 's3:///a', 's3://Upper/a', 's3://a'])('refuses %s', (source) => {
    expect(() => parseSource(source)).toThrow(/expected a folder or s3:\/\/bucket\/prefix/);
  });
});
