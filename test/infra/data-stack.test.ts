import { LIMITS, TABLE } from '../../lib/topology';
import { type Deployment, find, findOne, show, synthesize } from './synthesize';

let kept: Deployment;
let disposable: Deployment;
beforeAll(() => {
  kept = synthesize();
  disposable = synthesize({ destroyData: true, corsOrigins: ['https://console.example'] });
});
afterAll(() => {
  kept.remove();
  disposable.remove();
});

const bucketOf = (deployment: Deployment) => findOne(deployment.data, 'AWS::S3::Bucket', 'ScansBucket');
const tableOf = (deployment: Deployment) => findOne(deployment.data, 'AWS::DynamoDB::Table');

/** True when a resource policy refuses requests without TLS for every principal and action. */
const refusesPlainHttp = (statements: readonly Record<string, unknown>[]): boolean =>
  statements.some(
    ({ Effect, Principal, Action, Condition }) =>
      Effect === 'Deny' &&
      JSON.stringify(Principal) === '{"AWS":"*"}' &&
      /^\w+:\*$/.test(String(Action)) &&
      JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
  );

describe('scan bucket', () => {
  test('is encrypted, versioned and closed to the public', () => {
    const { Properties } = bucketOf(kept);

    expect(Properties.BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { KMSMasterKeyID: expect.anything(), SSEAlgorithm: 'aws:kms' },
      },
    ]);
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(Properties.OwnershipControls.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
  });

  test('answers over TLS only, and grants nothing to anyone by itself', () => {
    const policy = findOne(kept.data, 'AWS::S3::BucketPolicy', 'ScansBucket').Properties.PolicyDocument.Statement;

    expect(refusesPlainHttp(policy)).toBe(true);
    expect(policy.every((statement: { Effect: string }) => statement.Effect === 'Deny')).toBe(true);
  });

  test('forgets unfinished uploads and replaced versions', () => {
    const rules = bucketOf(kept).Properties.LifecycleConfiguration.Rules;

    expect(rules).toEqual([
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Id: 'unfinished-uploads', Status: 'Enabled' },
      {
        ExpiredObjectDeleteMarker: true,
        Id: 'replaced-scans',
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        Status: 'Enabled',
      },
    ]);
  });

  test('tells the queue of every new object by itself, once the queue lets it', () => {
    const { Properties, DependsOn } = bucketOf(kept);

    const [notification, ...others] = Properties.NotificationConfiguration.QueueConfigurations;
    expect(others).toEqual([]);
    expect([notification.Event, show(notification.Queue), notification.Filter]).toEqual([
      's3:ObjectCreated:*',
      'ArrivalsQueue',
      undefined,
    ]);
    expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^ArrivalsQueuePolicy/)]));
    expect(find(kept.data, 'Custom::S3BucketNotifications')).toEqual([]);
    expect(find(kept.data, 'AWS::Lambda::Function')).toEqual([]);
  });

  test('takes uploads from web origins only where they are configured', () => {
    const cors = [bucketOf(kept), bucketOf(disposable)].map((bucket) => bucket.Properties.CorsConfiguration?.CorsRules);

    expect(cors).toEqual([
      undefined,
      [{ AllowedHeaders: ['*'], AllowedMethods: ['PUT'], AllowedOrigins: ['https://console.example'] }],
    ]);
  });
});

describe('arrival queue', () => {
  const queueOf = (prefix: string) => findOne(kept.data, 'AWS::SQS::Queue', prefix);
  const policyOf = (prefix: string) =>
    findOne(kept.data, 'AWS::SQS::QueuePolicy', prefix).Properties.PolicyDocument.Statement;

  test('and its dead letters are encrypted and reachable over TLS only', () => {
    const queues = find(kept.data, 'AWS::SQS::Queue');

    expect(queues.map(([, queue]) => queue.Properties.SqsManagedSseEnabled)).toEqual([true, true]);
    expect(refusesPlainHttp(policyOf('ArrivalsQueuePolicy'))).toBe(true);
    expect(refusesPlainHttp(policyOf('ArrivalsDeadLettersPolicy'))).toBe(true);
  });

  test('gives a message up after as many receives as the functions count to', () => {
    const { RedrivePolicy } = queueOf('ArrivalsQueue').Properties;

    expect(RedrivePolicy.maxReceiveCount).toBe(LIMITS.maxReceiveCount);
    expect(show(RedrivePolicy.deadLetterTargetArn)).toBe('ArrivalsDeadLetters');
  });

  test('keeps dead letters 14 days, and hands them over before they age', () => {
    const day = 86_400;
    const queue = queueOf('ArrivalsQueue').Properties.MessageRetentionPeriod;
    const deadLetters = queueOf('ArrivalsDeadLetters').Properties.MessageRetentionPeriod;

    expect([queue, deadLetters]).toEqual([7 * day, LIMITS.queueRetentionDays * day]);
    expect(LIMITS.tombstoneDays * day).toBeGreaterThan(queue + deadLetters);
  });

  test('takes messages from S3 on behalf of this account alone', () => {
    const allowed = policyOf('ArrivalsQueuePolicy').filter(
      (statement: { Effect: string }) => statement.Effect === 'Allow',
    );

    expect(allowed).toEqual([
      {
        Action: 'sqs:SendMessage',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ArrivalsQueue/), 'Arn'] },
      },
    ]);
  });
});

describe('result table', () => {
  test('has the keys, indexes and expiry that the adapter uses', () => {
    const { Properties } = tableOf(kept);

    const keys = (schema: { AttributeName: string }[]) => schema.map((key) => key.AttributeName);
    expect(keys(Properties.KeySchema)).toEqual([TABLE.partitionKey, TABLE.sortKey]);
    expect(Properties.TimeToLiveSpecification).toEqual({ AttributeName: TABLE.ttl, Enabled: true });
    expect(
      Properties.GlobalSecondaryIndexes.map(
        (index: { IndexName: string; KeySchema: { AttributeName: string }[]; Projection: unknown }) => ({
          name: index.IndexName,
          keys: keys(index.KeySchema),
          projection: index.Projection,
        }),
      ),
    ).toEqual(
      TABLE.indexes.map(({ name, partitionKey, sortKey }) => ({
        name,
        keys: [partitionKey, sortKey],
        projection: { ProjectionType: 'KEYS_ONLY' },
      })),
    );
  });

  test('is paid by request, encrypted and restorable to any second', () => {
    const { Properties } = tableOf(kept);

    expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    expect(Properties.SSESpecification).toMatchObject({ SSEEnabled: true, SSEType: 'KMS' });
    expect(show(Properties.SSESpecification.KMSMasterKeyId)).toBe('Key');
    expect(Properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
  });
});

describe('destroying the deployment', () => {
  test('keeps scans and results', () => {
    const policies = [bucketOf(kept), tableOf(kept)].map((resource) => [
      resource.DeletionPolicy,
      resource.UpdateReplacePolicy,
    ]);

    expect(policies).toEqual([
      ['Retain', 'Retain'],
      ['Retain', 'Retain'],
    ]);
    expect(tableOf(kept).Properties.DeletionProtectionEnabled).toBe(true);
    expect(find(kept.data, 'Custom::S3AutoDeleteObjects')).toEqual([]);
  });

  test('removes them when asked to', () => {
    const policies = [bucketOf(disposable), tableOf(disposable)].map((resource) => resource.DeletionPolicy);

    expect(policies).toEqual(['Delete', 'Delete']);
    expect(tableOf(disposable).Properties.DeletionProtectionEnabled).toBe(false);
    expect(find(disposable.data, 'Custom::S3AutoDeleteObjects')).toHaveLength(2);
  });
});
