import { BACKFILL, DEPLOYED } from '../../lib/topology';
import { type Deployment, find, findOne, permissions, show, synthesize } from './synthesize';

let plain: Deployment;
let existing: Deployment;
beforeAll(() => {
  plain = synthesize({ packaging: 'layers' });
  existing = synthesize({ packaging: 'layers', existingBucket: 'scans-of-ours', resultObjects: true, vpc: true });
});
afterAll(() => {
  plain.remove();
  existing.remove();
});

const machine = ({ ingest }: Deployment) => findOne(ingest, 'AWS::StepFunctions::StateMachine').Properties;
/** The definition with what it refers to by logical id. */
const definition = (deployment: Deployment) => JSON.parse(show(machine(deployment).DefinitionString));
const objects = (deployment: Deployment) => definition(deployment).States.Objects;

describe('the state machine', () => {
  test('maps over a listing that each execution names, with the concurrency and limit it names', () => {
    const map = objects(plain);

    expect(machine(plain).StateMachineName).toBe(DEPLOYED.backfill);
    expect(machine(plain).StateMachineType).toBe('STANDARD');
    expect(map.ItemReader).toEqual({
      Resource: 'arn:AWS::Partition:states:::s3:listObjectsV2',
      ReaderConfig: { MaxItemsPath: '$.limit' },
      Parameters: { 'Bucket.$': '$.bucket', 'Prefix.$': '$.prefix' },
    });
    expect(map.MaxConcurrencyPath).toBe('$.concurrency');
    expect(map.ToleratedFailurePercentage).toBe(10);
    expect(map.ItemBatcher.MaxItemsPerBatch).toBe(BACKFILL.batchItems);
  });

  test('runs batches as Express executions of the alias, and fails those in which something failed, with the report', () => {
    const { ProcessorConfig, States } = objects(plain).ItemProcessor;

    expect(ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' });
    expect(States.Classify.Parameters.FunctionName).toBe('BackfillScansReleaseLive');
    expect(States.Classify.Retry[0].ErrorEquals).toContain('Lambda.TooManyRequestsException');
    expect(States.AllDone.Choices).toEqual([{ Variable: '$.outcomes.failed', NumericEquals: 0, Next: 'Done' }]);
    expect(States[States.AllDone.Default]).toMatchObject({ Type: 'Fail', CausePath: 'States.JsonToString($)' });
  });

  test('gives the function less time than an Express execution has, and waits longer than that', () => {
    const { Timeout } = findOne(plain.ingest, 'AWS::Lambda::Function', 'BackfillScans').Properties;
    const { TimeoutSeconds } = objects(plain).ItemProcessor.States.Classify;

    expect(Timeout).toBeLessThan(TimeoutSeconds);
    expect(TimeoutSeconds).toBeLessThan(300);
  });

  test('writes reports where nothing announces them as scans', () => {
    const { ResultWriter } = objects(plain);
    const [, logs] = find(plain.data, 'AWS::S3::Bucket').find(([id]) => id.startsWith('LogsBucket')) ?? [];

    expect(ResultWriter.Parameters).toEqual({ Bucket: 'LogsBucket', Prefix: BACKFILL.resultPrefix });
    expect(logs?.Properties.NotificationConfiguration).toBeUndefined();
  });

  test('logs every step to an encrypted group, without inputs and outputs, and is traced', () => {
    const { LoggingConfiguration, TracingConfiguration } = machine(plain);
    const group = findOne(plain.ingest, 'AWS::Logs::LogGroup', 'BackfillLogs').Properties;

    expect(LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: false });
    expect(TracingConfiguration).toEqual({ Enabled: true });
    expect([show(group.KmsKeyId), group.RetentionInDays]).toEqual(['Key', 30]);
  });

  test('refers to each of its states, and to no other', () => {
    const { StartAt, States } = objects(plain).ItemProcessor;
    const named = Object.values(States as Record<string, Record<string, unknown>>).flatMap((state) => [
      state.Next,
      state.Default,
      ...((state.Choices as { Next: string }[] | undefined) ?? []).map(({ Next }) => Next),
    ]);

    expect(new Set([StartAt, ...named].filter((name) => name !== undefined))).toEqual(new Set(Object.keys(States)));
  });
});

describe('permissions', () => {
  const arn = (resource: string) => `arn:AWS::Partition:states:AWS::Region:AWS::AccountId:${resource}`;

  test('of the state machine: list, invoke, write reports, and run itself', () => {
    const statements = permissions(plain.ingest, 'BackfillRole');
    const of = (service: string) =>
      statements.filter(({ actions }) => actions.some((a) => a.startsWith(`${service}:`)));

    expect(of('s3')).toEqual([
      { actions: ['s3:ListBucket'], resources: ['ScansBucket'] },
      {
        actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
        resources: ['LogsBucket/backfill/*'],
      },
    ]);
    expect(of('lambda')).toEqual([{ actions: ['lambda:InvokeFunction'], resources: ['BackfillScansReleaseLive'] }]);
    expect(of('states')).toEqual([
      { actions: ['states:StartExecution'], resources: [arn('stateMachine:sulcus-backfill')] },
      {
        actions: ['states:DescribeExecution', 'states:RedriveExecution', 'states:StopExecution'],
        resources: [arn('execution:sulcus-backfill/*'), arn('execution:sulcus-backfill:*')],
      },
    ]);
    expect(of('kms')).toEqual([]);
  });

  test('of the function: what the upload function may, but for its queue and removing', () => {
    const without = (name: string) =>
      permissions(plain.ingest, name)
        .filter(({ actions }) => !actions.some((action) => /^(sqs|logs|xray):|Delete/.test(action)))
        .filter(({ condition }) => !JSON.stringify(condition ?? '').includes('uploads/'))
        .map((statement) => JSON.stringify(statement))
        .toSorted();

    expect(without('BackfillScans')).toEqual(without('ClassifyUpload'));
    expect(permissions(plain.ingest, 'BackfillScans').flatMap(({ actions }) => actions)).not.toContain(
      's3:DeleteObjectVersion',
    );
  });

  test('cover an existing bucket too: listed and read, results written beside scans, nothing deleted', () => {
    const listed = permissions(existing.ingest, 'BackfillRole').find(({ actions }) =>
      actions.includes('s3:ListBucket'),
    );
    const actions = permissions(existing.ingest, 'BackfillScans')
      .filter(({ resources }) => resources.some((resource) => resource.includes('scans-of-ours')))
      .flatMap((statement) => statement.actions);

    expect(listed?.resources).toEqual(['ScansBucket', 'arn:AWS::Partition:s3:::scans-of-ours']);
    expect(new Set(actions)).toEqual(
      new Set(['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:ListBucketVersions', 's3:PutObject']),
    );
  });
});
