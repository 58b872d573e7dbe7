import { type Deployment, find, findOne, permissions, type Resource, show, synthesize } from './synthesize';

let plain: Deployment;
let full: Deployment;
let iam: Deployment;
beforeAll(() => {
  plain = synthesize();
  full = synthesize({
    packaging: 'layers',
    auth: 'jwt',
    jwtIssuer: 'https://login.example',
    jwtAudience: 'sulcus',
    vpc: true,
    waf: true,
    existingBucket: 'scans-of-ours',
    existingBucketPrefix: 'mri/',
    existingBucketKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/abc',
    resultObjects: true,
    webhookUrl: 'https://hooks.example.org/scans',
    retentionDays: 90,
    domainName: 'scans.example.org',
    certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/abc',
  });
  iam = synthesize({ auth: 'iam', auditTrail: false, existingBucket: 'scans-of-ours' });
});
afterAll(() => {
  for (const deployment of [plain, full, iam]) deployment.remove();
});

const templatesOf = ({ data, ingest, api, events, observability }: Deployment) => [
  data,
  ingest,
  api,
  events,
  observability,
];
const allOf = (deployment: Deployment, type: string): [string, Resource][] =>
  templatesOf(deployment).flatMap((template) => find(template, type));

describe('the audit trail', () => {
  test('is of every call on scans, and of calls that look through results or take from them', () => {
    const { Properties } = findOne(plain.data, 'AWS::CloudTrail::Trail');
    const selectors = Properties.AdvancedEventSelectors.map(({ FieldSelectors }: { FieldSelectors: object[] }) =>
      FieldSelectors.map((selector) => JSON.stringify(selector)),
    );

    expect(Properties).toMatchObject({ IsLogging: true, EnableLogFileValidation: true, S3KeyPrefix: 'trail' });
    expect(show(Properties.KMSKeyId)).toBe('Key');
    expect(selectors).toHaveLength(2);
    expect(selectors[0]).toContainEqual(expect.stringContaining('"AWS::S3::Object"'));
    expect(selectors[0].join()).not.toContain('eventName');
    expect(selectors[1]).toContainEqual(expect.stringContaining('"AWS::DynamoDB::Table"'));
    for (const call of ['DeleteItem', 'Query', 'Scan']) expect(selectors[1].join()).toContain(`"${call}"`);
  });

  test('outlives the deployment in a bucket of its own, for more than a year', () => {
    const [, logs] = find(plain.data, 'AWS::S3::Bucket').find(([id]) => id.startsWith('LogsBucket')) ?? [];

    expect(logs?.DeletionPolicy).toBe('Retain');
    expect(logs?.Properties.LifecycleConfiguration.Rules).toContainEqual(
      expect.objectContaining({ ExpirationInDays: 400 }),
    );
    expect(findOne(plain.data, 'AWS::S3::Bucket', 'ScansBucket').Properties.LoggingConfiguration).toMatchObject({
      LogFilePrefix: 'access/',
    });
  });

  test('can be left out', () => {
    expect(find(iam.data, 'AWS::CloudTrail::Trail')).toEqual([]);
  });
});

describe('everything', () => {
  test('is closed to the public and encrypted', () => {
    for (const [, { Properties }] of [plain, full, iam].flatMap((deployment) => allOf(deployment, 'AWS::S3::Bucket'))) {
      expect(Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(Properties.BucketEncryption).toBeDefined();
    }
    for (const [, { Properties }] of allOf(full, 'AWS::Logs::LogGroup')) {
      expect(Properties.KmsKeyId).toBeDefined();
      expect(Properties.RetentionInDays).toBe(30);
    }
  });

  test('is named to services of this account, and to nobody else', () => {
    const policies = ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'].flatMap((type) =>
      [plain, full, iam].flatMap((deployment) => allOf(deployment, type)),
    );
    const allowed = policies
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .filter(({ Effect, Principal }) => Effect === 'Allow' && Principal.AWS === undefined);

    expect(allowed.length).toBeGreaterThan(4);
    for (const { Principal, Condition } of allowed) {
      expect(Principal).toEqual({ Service: expect.stringMatching(/\.amazonaws\.com$/) });
      expect(JSON.stringify(Condition)).toMatch(/aws:SourceAccount|aws:SourceArn/);
    }
  });

  test('of a template holds no secret', () => {
    for (const template of [plain, full, iam].flatMap(templatesOf)) {
      expect(JSON.stringify(template.toJSON())).not.toMatch(
        /AKIA[0-9A-Z]{16}|sulcus_[A-Za-z0-9_-]{43}|whsec_|BEGIN [A-Z ]*KEY/,
      );
    }
  });
});

describe('the key', () => {
  test('turns once a year, and names no bucket, table or log group, which all wait for it', () => {
    const keys = find(plain.data, 'AWS::KMS::Key');
    const key = findOne(plain.data, 'AWS::KMS::Key');
    const policy = JSON.stringify(key.Properties.KeyPolicy);

    expect(keys).toHaveLength(1);
    expect(key.Properties.EnableKeyRotation).toBe(true);
    expect(key.DeletionPolicy).toBe('Retain');
    expect(key.DependsOn).toBeUndefined();
    expect(policy).not.toMatch(/Fn::GetAtt|Fn::ImportValue/);
    expect(policy.match(/"Ref":"(?!AWS::)/g)).toBeNull();
  });
});

describe('access', () => {
  const keyed = (deployment: Deployment) =>
    find(deployment.api, 'AWS::ApiGateway::Method')
      .map(([, { Properties }]) => Properties)
      .filter(({ HttpMethod, AuthorizationType }) => HttpMethod !== 'OPTIONS' && AuthorizationType !== 'NONE');
  const authorizerVariables = ({ api }: Deployment) =>
    findOne(api, 'AWS::Lambda::Function', 'Authorize').Properties.Environment.Variables;

  test('by IAM: API Gateway checks signatures itself, and there is no authorizer', () => {
    expect(keyed(iam).length).toBeGreaterThan(5);
    for (const { AuthorizationType } of keyed(iam)) expect(AuthorizationType).toBe('AWS_IAM');
    expect(find(iam.api, 'AWS::ApiGateway::Authorizer')).toEqual([]);
    expect(find(iam.api, 'AWS::Lambda::Function').map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'DescribeFunction',
      'ClassifyApiFunction',
    ]);
  });

  test('by tokens: the authorizer knows the issuer, and no table', () => {
    expect(keyed(full).every(({ AuthorizationType }) => AuthorizationType === 'CUSTOM')).toBe(true);
    expect(authorizerVariables(full)).toEqual({
      SULCUS_AUTH: 'jwt',
      SULCUS_JWT_ISSUER: 'https://login.example',
      SULCUS_JWT_AUDIENCE: 'sulcus',
    });
    expect(permissions(full.api, 'Authorize').flatMap(({ resources }) => resources)).not.toContain('ResultsTable');
  });

  test('by keys: the authorizer knows the table alone', () => {
    expect(Object.keys(authorizerVariables(plain))).toEqual(['SULCUS_TABLE']);
  });

  test('only by the custom domain where there is one, by the firewall where it is asked for', () => {
    expect(findOne(full.api, 'AWS::ApiGateway::RestApi').Properties.DisableExecuteApiEndpoint).toBe(true);
    expect(findOne(full.api, 'AWS::ApiGateway::DomainName').Properties).toMatchObject({
      DomainName: 'scans.example.org',
      SecurityPolicy: 'TLS_1_2',
    });
    expect(find(full.api, 'AWS::WAFv2::WebACLAssociation')).toHaveLength(1);
    expect(findOne(plain.api, 'AWS::ApiGateway::RestApi').Properties.DisableExecuteApiEndpoint ?? false).toBe(false);
    expect(find(plain.api, 'AWS::WAFv2::WebACL')).toEqual([]);
  });
});

describe('a VPC', () => {
  test('has no way out but to S3 and DynamoDB, and holds the functions that touch scans', () => {
    expect(find(full.data, 'AWS::EC2::InternetGateway')).toEqual([]);
    expect(find(full.data, 'AWS::EC2::NatGateway')).toEqual([]);
    const services = find(full.data, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) => show(Properties.ServiceName));
    expect(services.map((name) => name.split('.').at(-1)).toSorted()).toEqual(['dynamodb', 's3']);
    for (const [template, name] of [
      [full.api, 'ClassifyApi'],
      [full.ingest, 'ClassifyUpload'],
    ] as const) {
      expect(findOne(template, 'AWS::Lambda::Function', name).Properties.VpcConfig.SubnetIds).toHaveLength(2);
    }
    expect(findOne(full.api, 'AWS::Lambda::Function', 'Authorize').Properties.VpcConfig).toBeUndefined();
  });
});

describe('an existing bucket', () => {
  const THEIRS = /scans-of-ours/;
  const onTheirs = (deployment: Deployment) =>
    (
      [
        [deployment.api, 'ClassifyApi'],
        [deployment.ingest, 'ClassifyUpload'],
      ] as const
    ).flatMap(([template, name]) =>
      permissions(template, name).filter(({ resources }) => resources.some((resource) => THEIRS.test(resource))),
    );

  test('is read, and written results where asked to; nothing may delete', () => {
    const actions = (deployment: Deployment) => onTheirs(deployment).flatMap((statement) => statement.actions);

    expect(new Set(actions(iam))).toEqual(
      new Set(['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:ListBucketVersions']),
    );
    expect(actions(full)).toContain('s3:PutObject');
    expect(actions(full).filter((action) => /Delete/.test(action))).toEqual([]);
    const written = onTheirs(full).filter((statement) => statement.actions.includes('s3:PutObject'));
    expect(written.flatMap(({ resources }) => resources).filter((resource) => THEIRS.test(resource))).toEqual([
      expect.stringMatching(/:scans-of-ours\/mri\/\*\.sulcus\.json$/),
    ]);
  });

  test('is heard of by EventBridge, for its prefix, without results beside scans', () => {
    const rule = (deployment: Deployment) => findOne(deployment.data, 'AWS::Events::Rule').Properties;
    const keyOf = (deployment: Deployment) => rule(deployment).EventPattern.detail.object.key;

    expect(rule(full).EventPattern).toMatchObject({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: ['scans-of-ours'] } },
    });
    expect(keyOf(full)).toEqual([{ prefix: 'mri/' }]);
    expect(keyOf(iam)).toEqual([{ 'anything-but': { suffix: '.sulcus.json' } }]);
    expect(rule(full).Targets).toEqual([
      expect.objectContaining({ Arn: expect.anything(), DeadLetterConfig: expect.anything() }),
    ]);
    expect(find(plain.data, 'AWS::Events::Rule')).toEqual([]);
  });
});

describe('retention', () => {
  test('is the same for scans and results', () => {
    const rules = findOne(full.data, 'AWS::S3::Bucket', 'ScansBucket').Properties.LifecycleConfiguration.Rules;
    const variables = (['api', 'ingest'] as const).map(
      (id) => findOne(full[id], 'AWS::Lambda::Function', 'Classify').Properties.Environment.Variables,
    );

    expect(rules).toContainEqual(expect.objectContaining({ Id: 'expired-scans', ExpirationInDays: 90 }));
    for (const variable of variables) expect(variable).toMatchObject({ SULCUS_RETENTION_DAYS: '90' });
  });
});

describe('a release', () => {
  test.each(['ClassifyApi', 'ClassifyUpload'])('of %s shifts a tenth for ten minutes; errors bring it back', (name) => {
    const template = name === 'ClassifyApi' ? plain.api : plain.ingest;
    const group = findOne(template, 'AWS::CodeDeploy::DeploymentGroup', name).Properties;
    const alias = findOne(template, 'AWS::Lambda::Alias', name);
    const [alarm] = group.AlarmConfiguration.Alarms;

    expect(group.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent10Minutes');
    expect(group.AutoRollbackConfiguration).toMatchObject({
      Enabled: true,
      Events: expect.arrayContaining(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']),
    });
    expect(findOne(template, 'AWS::CloudWatch::Alarm', show(alarm.Name)).Properties.MetricName).toBe('Errors');
    expect(JSON.stringify(alias)).toContain('CodeDeployLambdaAliasUpdate');
    expect(findOne(template, 'AWS::Lambda::Version', name).DeletionPolicy).toBe('Retain');
  });
});
