import { createHash } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { createS3Client } from '../../lib/adapters/s3';

/** Where the tests' clients look for an emulator. */
export const REGION = 'us-east-1';

interface FunctionConfiguration {
  readonly Handler: string;
  readonly MemorySize: number;
  readonly CodeSha256: string;
  readonly Layers: readonly { readonly Arn: string }[];
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
}

export interface EventSource {
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  readonly BatchSize: number;
  readonly FunctionResponseTypes: readonly string[];
}

interface ApiMethod {
  readonly authorizationType: string;
  readonly authorizerId: string | null;
  readonly methodIntegration: { readonly type: string; readonly uri: string };
}

interface ApiResource {
  readonly path: string;
  readonly resourceMethods?: Readonly<Record<string, ApiMethod>>;
}

interface Items<Item> {
  readonly item: readonly Item[];
}

/** An account that stacks were deployed to, as it describes itself; asked over plain HTTP, which needs no more SDKs. */
export interface Account {
  readonly endpoint: string;
  readonly functionAt: (arn: string) => Promise<FunctionConfiguration>;
  /** The zip of a function or layer among the assets that the deployment published. */
  readonly asset: (sha256: string) => Promise<Uint8Array>;
  readonly layerSha256: (arn: string) => Promise<string>;
  readonly eventSources: () => Promise<readonly EventSource[]>;
  readonly api: (name: string) => Promise<{
    readonly id: string;
    readonly resources: readonly ApiResource[];
    /** URIs of authorizers by id. */
    readonly authorizers: ReadonlyMap<string, string>;
  }>;
  /** SQS's JSON protocol. */
  readonly queue: <Answer>(action: string, body: object) => Promise<Answer>;
  /** The same of DynamoDB's streams. */
  readonly stream: <Answer>(action: string, body: object) => Promise<Answer>;
}

const signed = (service: string): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

const FUNCTIONS = '/2015-03-31/functions';

export const openAccount = (endpoint: string): Account => {
  const ask = async <Answer>(service: string, path: string): Promise<Answer> => {
    const response = await fetch(`${endpoint}${path}`, { headers: signed(service) });
    if (!response.ok) throw new Error(`expected an answer of ${service} for ${path}, received ${response.status}`);
    return (await response.json()) as Answer;
  };
  const askJson = async <Answer>(service: string, target: string, body: object): Promise<Answer> => {
    const response = await fetch(`${endpoint}/`, {
      method: 'POST',
      headers: { ...signed(service), 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`expected an answer for ${target}, received ${text}`);
    return JSON.parse(text === '' ? '{}' : text);
  };
  let assets: Promise<Map<string, Uint8Array>> | undefined;
  return {
    endpoint,
    functionAt: async (arn) => {
      const [name, qualifier] = arn.split(':').slice(6);
      const query = qualifier === undefined ? '' : `?Qualifier=${qualifier}`;
      const { Configuration } = await ask<{ Configuration: FunctionConfiguration }>(
        'lambda',
        `${FUNCTIONS}/${name}${query}`,
      );
      return Configuration;
    },
    asset: async (sha256) => {
      assets ??= readAssets(endpoint);
      const found = (await assets).get(sha256);
      if (found === undefined) throw new Error(`expected a published asset of SHA-256 ${sha256}, received none`);
      return found;
    },
    layerSha256: async (arn) => {
      const [name, version] = arn.split(':').slice(6);
      const layer = await ask<{ Content: { CodeSha256: string } }>(
        'lambda',
        `/2018-10-31/layers/${name}/versions/${version}`,
      );
      return layer.Content.CodeSha256;
    },
    eventSources: async () =>
      (await ask<{ EventSourceMappings: EventSource[] }>('lambda', '/2015-03-31/event-source-mappings/'))
        .EventSourceMappings,
    api: async (name) => {
      const apis = await ask<Items<{ id: string; name: string }>>('apigateway', '/restapis');
      const id = apis.item.find((api) => api.name === name)?.id;
      const resources = await ask<Items<ApiResource>>('apigateway', `/restapis/${id}/resources?embed=methods`);
      const authorizers = await ask<Items<{ id: string; authorizerUri: string }>>(
        'apigateway',
        `/restapis/${id}/authorizers`,
      );
      return {
        id: String(id),
        resources: resources.item,
        authorizers: new Map(authorizers.item.map((authorizer) => [authorizer.id, authorizer.authorizerUri])),
      };
    },
    queue: (action, body) => askJson('sqs', `AmazonSQS.${action}`, body),
    stream: (action, body) => askJson('dynamodb', `DynamoDBStreams_20120810.${action}`, body),
  };
};

/** What `cdk deploy` published into the bucket of `cdk bootstrap`, by SHA-256 in base64, as Lambda names code. */
const readAssets = async (endpoint: string): Promise<Map<string, Uint8Array>> => {
  const client = createS3Client({ endpoint });
  const Bucket = `cdk-hnb659fds-assets-123456789012-${REGION}`;
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const assets = new Map<string, Uint8Array>();
  for (const { Key } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    assets.set(createHash('sha256').update(bytes).digest('base64'), bytes);
  }
  client.destroy();
  return assets;
};
