import { readConfig, SESSION_FIELDS, sessionSettings } from '../../lib/adapters/config/config';
import {
  createApiKeyStore,
  createLimitStore,
  createResultStore,
  type createTableClient,
  createUsageStore,
} from '../../lib/adapters/dynamodb';
import { IMAGE_FUNCTIONS } from '../../lib/packaging/stage-image';
import { ENV, LIMITS, TABLE } from '../../lib/topology';
import {
  BASE_IMAGE,
  type Deployment,
  DOCKERFILE,
  find,
  findOne,
  permissions,
  type Statement,
  show,
  synthesize,
} from './synthesize';

let image: Deployment;
let layers: Deployment;
beforeAll(() => {
  image = synthesize({ packaging: 'image', corsOrigins: ['https://a.example', 'https://b.example'] });
  layers = synthesize({ packaging: 'layers' });
});
afterAll(() => {
  image.remove();
  layers.remove();
});

const FUNCTION = 'AWS::Lambda::Function';
const variables = (deployment: Deployment, stack: 'api' | 'ingest', name: string): Record<string, unknown> =>
  findOne(deployment[stack], FUNCTION, name).Properties.Environment.Variables;
const classifying = ({ api, ingest }: Deployment) =>
  [
    [api, 'ClassifyApi'],
    [ingest, 'ClassifyUpload'],
    [ingest, 'BackfillScans'],
  ] as const;
const shown = (environment: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, show(value)]));

describe('packaging', () => {
  test('pins linux/amd64 in the stack, in the image asset and in the Dockerfile', () => {
    const images = [...Object.values(image.apiImages), ...Object.values(image.ingestImages)];

    for (const [template, name] of classifying(image)) {
      expect(findOne(template, FUNCTION, name).Properties.Architectures).toEqual(['x86_64']);
    }
    expect(images.map(({ source }) => source.platform)).toEqual(['linux/amd64', 'linux/amd64', 'linux/amd64']);
    expect(DOCKERFILE.match(/^FROM --platform=\S+/gm)).toEqual(['FROM --platform=linux/amd64']);
    expect(DOCKERFILE.match(/^ARG .*$/gm)).toEqual([
      expect.stringMatching(/^ARG BASE_IMAGE=public\.ecr\.aws\/lambda\/nodejs:24(@sha256:[0-9a-f]{64})?$/),
    ]);
  });

  test('image: the classifying functions are images, without runtime, handler or layers', () => {
    for (const [template, name] of classifying(image)) {
      const { Properties } = findOne(template, FUNCTION, name);

      expect(Properties.PackageType).toBe('Image');
      expect([Properties.Runtime, Properties.Handler, Properties.Layers]).toEqual([undefined, undefined, undefined]);
      expect(find(template, 'AWS::Lambda::LayerVersion')).toEqual([]);
    }
  });

  test('image: each function is a stage of one Dockerfile, from a base that is pinned by digest', () => {
    const images = [Object.values(image.apiImages), Object.values(image.ingestImages)].flat();

    expect(images.map(({ source }) => source.dockerBuildTarget).toSorted()).toEqual(IMAGE_FUNCTIONS.toSorted());
    for (const { source } of images) expect(source.dockerBuildArgs).toEqual({ BASE_IMAGE });
  });

  test('image: the commands name files of the stages, which carry no other handler', () => {
    const commands = classifying(image).map(
      ([template, name]) => findOne(template, FUNCTION, name).Properties.ImageConfig.Command[0],
    );
    const stages = DOCKERFILE.split(/^FROM .* AS /m).slice(1);

    expect(commands).toEqual(IMAGE_FUNCTIONS.map((name) => `${name}/index.handler`));
    for (const name of IMAGE_FUNCTIONS) {
      const stage = stages.find((text) => text.startsWith(`${name}\n`));
      expect(stage?.match(/^COPY .*$/gm)).toEqual([`COPY functions/${name}/ \${LAMBDA_TASK_ROOT}/${name}/`]);
      expect(stage?.match(/^CMD .*$/gm)).toEqual([`CMD ["${name}/index.handler"]`]);
    }
  });

  test('image: without root, whichever function', () => {
    expect(DOCKERFILE.match(/^(FROM|USER) .*$/gm)).toEqual([
      expect.stringMatching(/^FROM --platform=linux\/amd64 \S+ AS runtime$/),
      'USER 1000:1000',
      'FROM runtime AS classify-upload',
      'FROM runtime AS backfill-scans',
      'FROM runtime AS classify-api',
    ]);
  });

  test('no image function has layers, in any packaging', () => {
    const functions = [image, layers].flatMap((deployment) =>
      [deployment.api, deployment.ingest].flatMap((template) => find(template, FUNCTION)),
    );

    const images = functions.filter(([, resource]) => resource.Properties.PackageType === 'Image');
    expect(images).toHaveLength(3);
    expect(images.filter(([, resource]) => resource.Properties.Layers !== undefined)).toEqual([]);
  });

  test('layers: nothing is an image, and the classifying functions mount native modules and model', () => {
    for (const [template, name] of classifying(layers)) {
      const { Properties } = findOne(template, FUNCTION, name);

      expect(Properties.PackageType).toBeUndefined();
      expect([Properties.Runtime, Properties.Handler, Properties.Architectures]).toEqual([
        'nodejs24.x',
        'index.handler',
        ['x86_64'],
      ]);
      expect(Properties.Layers.map(show).sort()).toEqual([`${name}Model`, `${name}NativeRuntime`]);
    }
    expect([layers.apiImages, layers.ingestImages]).toEqual([{}, {}]);
  });

  test('the Dockerfile sets what the stacks set, at the paths where layers are mounted', () => {
    const api = variables(image, 'api', 'ClassifyApi');

    expect(DOCKERFILE).toContain('ORT_DISABLE_TELEMETRY=1');
    expect(DOCKERFILE).toContain('NODE_PATH=/opt/nodejs/node_modules:');
    expect(DOCKERFILE).toContain(`${ENV.modelFolder}=${api[ENV.modelFolder]}`);
    expect(DOCKERFILE).toContain('COPY opt/nodejs/ /opt/nodejs/');
    expect(DOCKERFILE).toContain('COPY opt/model/ /opt/model/');
    expect(DOCKERFILE).toContain('CMD ["classify-api/index.handler"]');
  });
});

describe('environment', () => {
  test('has the names the handlers read', () => {
    const model = { [ENV.modelFolder]: '/opt/model', ORT_DISABLE_TELEMETRY: '1' };
    const stores = { [ENV.tableName]: 'ResultsTable', [ENV.bucketName]: 'ScansBucket' };
    const cors = { [ENV.corsOrigins]: 'https://a.example,https://b.example' };

    expect(shown(variables(image, 'api', 'ClassifyApi'))).toEqual({ ...stores, ...model, ...cors });
    expect(shown(variables(image, 'api', 'Authorize'))).toEqual({ [ENV.tableName]: 'ResultsTable' });
    expect(shown(variables(image, 'api', 'Describe'))).toEqual(cors);
    expect(shown(variables(image, 'ingest', 'ClassifyUpload'))).toEqual({
      ...stores,
      ...model,
      [ENV.maxReceiveCount]: String(LIMITS.maxReceiveCount),
    });
    expect(shown(variables(image, 'ingest', 'BackfillScans'))).toEqual({ ...stores, ...model });
  });

  test('leaves threads to the memory, which buys one vCPU', () => {
    for (const [template, name] of [...classifying(image), ...classifying(layers)]) {
      const { Environment, MemorySize } = findOne(template, FUNCTION, name).Properties;
      const lambda = { [ENV.lambdaMegabytes]: String(MemorySize) };
      const settings = sessionSettings(readConfig(SESSION_FIELDS, { ...Environment.Variables, ...lambda }));

      expect(settings).toEqual({ threads: undefined, cpus: 1, prepack: undefined, exactProducts: undefined });
    }
  });
});

describe('upload trigger', () => {
  test('reports failures one by one, and leaves concurrency to the API', () => {
    const { Properties } = findOne(image.ingest, 'AWS::Lambda::EventSourceMapping');

    expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(Properties.ScalingConfig).toEqual({ MaximumConcurrency: 50 });
    expect(Properties.BatchSize).toBe(5);
    expect(Properties.MaximumBatchingWindowInSeconds).toBeUndefined();
    expect(show(Properties.EventSourceArn)).toBe('ArrivalsQueue');
    expect(show(Properties.FunctionName)).toContain('ClassifyUploadReleaseLive');
  });

  test('hides a message six times as long as the function may work on it', () => {
    const timeout = findOne(image.ingest, FUNCTION, 'ClassifyUpload').Properties.Timeout;
    const visibility = findOne(image.data, 'AWS::SQS::Queue', 'ArrivalsQueue').Properties.VisibilityTimeout;

    expect([timeout, visibility]).toEqual([90, 540]);
  });
});

describe('every function', () => {
  test('is traced, and logs to a group of its own that forgets after a month', () => {
    for (const template of [image.api, image.ingest, layers.api, layers.ingest]) {
      const functions = find(template, FUNCTION);
      const groups = functions.map(([, { Properties }]) => Properties.LoggingConfig.LogGroup.Ref);

      expect(functions.map(([, { Properties }]) => Properties.TracingConfig)).toEqual(
        functions.map(() => ({ Mode: 'Active' })),
      );
      expect(new Set(groups).size).toBe(functions.length);
      for (const group of groups) {
        expect(findOne(template, 'AWS::Logs::LogGroup', group).Properties.RetentionInDays).toBe(30);
      }
    }
  });

  test('has no managed policy: those reach every log group of the account', () => {
    for (const template of [image.api, image.ingest]) {
      const roles = find(template, 'AWS::IAM::Role').filter(([, role]) =>
        JSON.stringify(role.Properties.AssumeRolePolicyDocument).includes('lambda.amazonaws.com'),
      );

      expect(roles.map(([, role]) => role.Properties.ManagedPolicyArns)).toEqual(roles.map(() => undefined));
    }
  });
});

const sorted = (statements: readonly Statement[]): Statement[] =>
  statements.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe('permissions', () => {
  const own = (name: string): Statement[] => [
    { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [`${name}IdentityLogs`] },
    // X-Ray knows no resources.
    { actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], resources: ['*'] },
  ];
  const items = (partitions: string) => ({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [partitions] } });
  const key = (service: 's3' | 'dynamodb', ...actions: string[]): Statement => ({
    actions: actions.map((action) => `kms:${action}`),
    resources: ['Key'],
    condition: { StringEquals: { 'kms:ViaService': `${service}.AWS::Region.AWS::URLSuffix` } },
  });
  const tableWrite = [
    'Decrypt',
    'DescribeKey',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ];
  const listUploads: Statement = {
    actions: ['s3:ListBucketVersions'],
    resources: ['ScansBucket'],
    condition: { StringLike: { 's3:prefix': 'uploads/*' } },
  };

  test('describe: none but its log', () => {
    expect(permissions(image.api, 'Describe')).toEqual(own('Describe'));
  });

  test('authorize: reads API keys', () => {
    expect(permissions(image.api, 'Authorize')).toEqual([
      ...own('Authorize'),
      { actions: ['dynamodb:GetItem'], resources: ['ResultsTable'], condition: items('APIKEY#*') },
      key('dynamodb', 'Decrypt', 'DescribeKey'),
    ]);
  });

  test.each(['image', 'layers'] as const)(
    'classify-api as %s: results, limits, usage, and announced uploads only',
    (packaging) => {
      const { api } = packaging === 'image' ? image : layers;

      expect(sorted(permissions(api, 'ClassifyApi'))).toEqual(
        sorted([
          ...own('ClassifyApi'),
          {
            actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
            resources: ['ResultsTable'],
            condition: items('SCAN#*'),
          },
          {
            actions: ['dynamodb:Query'],
            resources: ['by-key', 'by-label', 'by-state', 'newest'].map((name) => `ResultsTable/index/${name}`),
          },
          {
            actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
            resources: ['ResultsTable'],
            condition: items('LIMIT#*'),
          },
          {
            actions: ['dynamodb:Query', 'dynamodb:UpdateItem'],
            resources: ['ResultsTable'],
            condition: items('USAGE#*'),
          },
          key('dynamodb', ...tableWrite),
          { actions: ['s3:DeleteObjectVersion', 's3:PutObject'], resources: ['ScansBucket/uploads/*'] },
          key('s3', 'Decrypt', 'GenerateDataKey'),
          listUploads,
        ]),
      );
    },
  );

  test('classify-upload: reads scans and the queue, writes results, counts, removes announced uploads', () => {
    expect(sorted(permissions(image.ingest, 'ClassifyUpload'))).toEqual(
      sorted([
        ...own('ClassifyUpload'),
        {
          actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
          resources: ['ResultsTable'],
          condition: items('SCAN#*'),
        },
        { actions: ['dynamodb:GetItem'], resources: ['ResultsTable'], condition: items('APIKEY#*') },
        {
          actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
          resources: ['ResultsTable'],
          condition: items('LIMIT#*'),
        },
        { actions: ['dynamodb:UpdateItem'], resources: ['ResultsTable'], condition: items('USAGE#*') },
        key('dynamodb', ...tableWrite),
        { actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: ['ScansBucket/*'] },
        key('s3', 'Decrypt'),
        { actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: ['ScansBucket'] },
        { actions: ['s3:DeleteObjectVersion'], resources: ['ScansBucket/uploads/*'] },
        listUploads,
        {
          actions: [
            'sqs:ChangeMessageVisibility',
            'sqs:DeleteMessage',
            'sqs:GetQueueAttributes',
            'sqs:GetQueueUrl',
            'sqs:ReceiveMessage',
          ],
          resources: ['ArrivalsQueue'],
        },
      ]),
    );
  });

  test('no policy allows an action by wildcard', () => {
    const statements = [image.api, image.ingest, layers.api, layers.ingest].flatMap((template) =>
      ['Describe', 'Authorize', 'ClassifyApi', 'ClassifyUpload', 'BackfillScans'].flatMap((name) =>
        permissions(template, name),
      ),
    );

    expect(statements.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
  });

  test('the partitions they name are those the adapter uses', async () => {
    const keys: string[] = [];
    const client = {
      send: async (command: { input: { Key: Record<string, string> } }) => {
        keys.push(command.input.Key[TABLE.partitionKey]!);
        return {};
      },
    } as unknown as ReturnType<typeof createTableClient>;

    await createApiKeyStore({ client, tableName: 'table' }).find('a'.repeat(64));
    await createResultStore({ client, tableName: 'table', tombstoneDays: null }).get('scan');

    await createLimitStore({ client, tableName: 'table' }).taken({ keyId: 'key', name: 'month#2026-01' });
    const usage = createUsageStore({ client, once: client, tableName: 'table' });
    const amounts = { scans: 1, rejected: 0, bytes: 0, computeMicroseconds: 0, costNanodollars: 0 };
    await usage.add('key', '2026-01-31', 'scan', amounts);

    expect(keys).toEqual(['APIKEY#', 'SCAN#', 'LIMIT#', 'USAGE#'].map((kind) => expect.stringMatching(`^${kind}`)));
  });
});
