import { WEBHOOK_ATTEMPTS } from '../../lib/core/deliver-webhook';
import { EVENT_SOURCE } from '../../lib/core/event-contract';
import { DEPLOYED, ENV, LIMITS } from '../../lib/topology';
import { type Deployment, find, findOne, permissions, type Resource, show, synthesize } from './synthesize';

const URL = 'https://hooks.example.org/scans';

let plain: Deployment;
let hooked: Deployment;
beforeAll(() => {
  plain = synthesize();
  hooked = synthesize({ webhookUrl: URL, packaging: 'layers' });
});
afterAll(() => {
  plain.remove();
  hooked.remove();
});

const HOUR = 3600;
const FUNCTION = 'AWS::Lambda::Function';
const sourceOf = (prefix: string): Resource['Properties'] =>
  findOne(hooked.events, 'AWS::Lambda::EventSourceMapping', prefix).Properties;
const queueOf = (prefix: string): Resource['Properties'] =>
  findOne(hooked.events, 'AWS::SQS::Queue', prefix).Properties;
const own = (name: string) => [
  { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [`${name}IdentityLogs`] },
  { actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], resources: ['*'] },
];
const key = (service: string, ...actions: string[]) => ({
  actions,
  resources: ['Key'],
  condition: { StringEquals: { 'kms:ViaService': `${service}.AWS::Region.AWS::URLSuffix` } },
});

describe('the stream of the table', () => {
  test('holds what was written, for the function that publishes', () => {
    const { StreamSpecification } = findOne(plain.data, 'AWS::DynamoDB::Table').Properties;

    expect(StreamSpecification).toEqual({ StreamViewType: 'NEW_IMAGE' });
    expect(show(sourceOf('EventsStream').FunctionName)).toBe('EventsPublishFunction');
  });

  test('begins with its oldest record, and hands over scans alone', () => {
    const { StartingPosition, FilterCriteria } = sourceOf('EventsStream');

    expect(StartingPosition).toBe('TRIM_HORIZON');
    expect(FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))).toEqual([
      { eventName: ['INSERT', 'MODIFY'], dynamodb: { Keys: { pk: { S: [{ prefix: 'SCAN#' }] } } } },
    ]);
  });

  test('comes again from the first failure and in halves, without end for half of the day it lasts', () => {
    const mapping = sourceOf('EventsStream');

    expect(mapping).toMatchObject({
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 12 * HOUR,
    });
    expect(mapping.MaximumRetryAttempts ?? -1).toBe(-1);
    expect(show(mapping.DestinationConfig.OnFailure.Destination)).toBe('EventsDeadLetters');
  });
});

describe('the bus', () => {
  test('is encrypted with the one key, and keeps what that fails for', () => {
    const { Name, KmsKeyIdentifier, DeadLetterConfig } = findOne(plain.events, 'AWS::Events::EventBus').Properties;

    expect(Name).toBe(DEPLOYED.eventBus);
    expect(show(KmsKeyIdentifier)).toBe('Key');
    expect(show(DeadLetterConfig.Arn)).toBe('EventsDeadLetters');
  });

  test('may use the key through EventBridge of this account', () => {
    const statements = findOne(plain.data, 'AWS::KMS::Key').Properties.KeyPolicy.Statement;

    expect(statements).toContainEqual({
      Sid: 'EventsOfThisAccount',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
  });

  test('is all that the function that publishes knows and may reach, beside the stream and its dead letters', () => {
    const variables = findOne(plain.events, FUNCTION, 'EventsPublish').Properties.Environment.Variables;

    expect(Object.keys(variables)).toEqual([ENV.busName]);
    expect(permissions(plain.events, 'EventsPublish')).toEqual([
      ...own('EventsPublish'),
      { actions: ['events:PutEvents'], resources: ['EventsBus'] },
      { actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], resources: [STREAM] },
      { actions: ['dynamodb:ListStreams'], resources: ['ResultsTable/stream/*'] },
      key('dynamodb', 'kms:Decrypt', 'kms:DescribeKey'),
      { actions: ['sqs:SendMessage'], resources: ['EventsDeadLetters'] },
      key('sqs', 'kms:Decrypt', 'kms:GenerateDataKey'),
    ]);
  });
});

/** As `show` has the export of the stream's ARN. */
const STREAM = expect.stringContaining('ResultsTable');

describe('without a webhook', () => {
  test('there is neither queue nor secret nor function for one', () => {
    expect(find(plain.events, 'AWS::SecretsManager::Secret')).toEqual([]);
    expect(find(plain.events, 'AWS::Events::Rule')).toEqual([]);
    expect(find(plain.events, FUNCTION).map(([, { Properties }]) => Properties.FunctionName)).toEqual([
      DEPLOYED.publishResults,
    ]);
    expect(find(plain.events, 'AWS::SQS::Queue').map(([, { Properties }]) => Properties.QueueName)).toEqual([
      DEPLOYED.eventDeadLetters,
    ]);
  });
});

describe('the webhook', () => {
  test('hears of all that is on the bus, by a queue', () => {
    const { EventPattern, EventBusName, Targets } = findOne(hooked.events, 'AWS::Events::Rule').Properties;

    expect(EventPattern).toEqual({ source: [EVENT_SOURCE] });
    expect(show(EventBusName)).toBe('EventsBus');
    expect(Targets).toHaveLength(1);
    expect(show(Targets[0].Arn)).toBe('WebhookQueue');
    expect(show(Targets[0].DeadLetterConfig.Arn)).toBe('WebhookDeadLetters');
  });

  test('is tried as often as the function waits longer, and then is a dead letter for ten days at least', () => {
    const { RedrivePolicy, VisibilityTimeout, MessageRetentionPeriod } = queueOf('WebhookQueue');
    const { Timeout } = findOne(hooked.events, FUNCTION, 'WebhookDeliver').Properties;
    const deadLetters = queueOf('WebhookDeadLetters');

    expect(RedrivePolicy.maxReceiveCount).toBe(WEBHOOK_ATTEMPTS);
    expect(show(RedrivePolicy.deadLetterTargetArn)).toBe('WebhookDeadLetters');
    expect(VisibilityTimeout).toBe(6 * Timeout);
    expect(deadLetters.MessageRetentionPeriod).toBe(LIMITS.queueRetentionDays * 24 * HOUR);
    expect(deadLetters.MessageRetentionPeriod - MessageRetentionPeriod).toBeGreaterThanOrEqual(10 * 24 * HOUR);
  });

  test('is spared a bulk upload', () => {
    const { BatchSize, ScalingConfig, FunctionResponseTypes } = sourceOf('WebhookMessages');

    expect([BatchSize, ScalingConfig]).toEqual([10, { MaximumConcurrency: 5 }]);
    expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test('waits in queues encrypted with the one key, which EventBridge fills by one rule, over TLS', () => {
    for (const name of ['WebhookQueue', 'WebhookDeadLetters', 'EventsDeadLetters']) {
      const policy = findOne(hooked.events, 'AWS::SQS::QueuePolicy', `${name}Policy`).Properties.PolicyDocument
        .Statement;
      const [denied, allowed, ...others] = policy;

      expect(show(queueOf(name).KmsMasterKeyId)).toBe('Key');
      expect([denied.Effect, denied.Condition]).toEqual(['Deny', { Bool: { 'aws:SecureTransport': 'false' } }]);
      expect([allowed.Action, allowed.Principal]).toEqual(['sqs:SendMessage', { Service: 'events.amazonaws.com' }]);
      expect(show(allowed.Condition.ArnEquals['aws:SourceArn'])).toMatch(/^(WebhookEvents|EventsBus)$/);
      expect(others).toEqual([]);
    }
  });

  test('is signed by a secret that is made there, encrypted, and named to the function alone', () => {
    const secret = findOne(hooked.events, 'AWS::SecretsManager::Secret').Properties;
    const variables = findOne(hooked.events, FUNCTION, 'WebhookDeliver').Properties.Environment.Variables;

    expect(secret.GenerateSecretString).toEqual({ ExcludePunctuation: true, PasswordLength: 43 });
    expect([secret.SecretString, show(secret.KmsKeyId)]).toEqual([undefined, 'Key']);
    expect(Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, show(value)]))).toEqual({
      [ENV.webhookUrl]: URL,
      [ENV.webhookSecretId]: 'WebhookSecret',
      [ENV.webhookQueueUrl]: 'WebhookQueue',
    });
    expect(permissions(hooked.events, 'WebhookDeliver')).toEqual([
      ...own('WebhookDeliver'),
      { actions: ['secretsmanager:GetSecretValue'], resources: ['WebhookSecret'] },
      key('secretsmanager', 'kms:Decrypt'),
      {
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:ChangeMessageVisibility',
        ].toSorted(),
        resources: ['WebhookQueue'],
      },
      key('sqs', 'kms:Decrypt'),
    ]);
  });
});

test('the stack of events waits for the data alone, and nothing waits for it', () => {
  const dependencies = Object.fromEntries(
    hooked.app.node.children
      .filter(({ node }) => node.id.startsWith('Sulcus'))
      .map((stack) => [stack.node.id, (stack as { dependencies?: { node: { id: string } }[] }).dependencies ?? []])
      .map(([id, found]) => [id, (found as { node: { id: string } }[]).map(({ node }) => node.id)]),
  );

  expect(dependencies).toEqual({
    SulcusData: [],
    SulcusIngest: ['SulcusData'],
    SulcusApi: ['SulcusData'],
    SulcusEvents: ['SulcusData'],
    SulcusObservability: [],
  });
});
