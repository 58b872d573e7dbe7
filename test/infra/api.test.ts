import { BINARY_MEDIA_TYPES, KEYED_ROUTES, PUBLIC_ROUTES } from '../../lib/topology';
import { type Deployment, find, findOne, type Resource, show, synthesize } from './synthesize';

let plain: Deployment;
let oneOrigin: Deployment;
let twoOrigins: Deployment;
beforeAll(() => {
  plain = synthesize({ packaging: 'layers' });
  oneOrigin = synthesize({ packaging: 'layers', corsOrigins: ['https://a.example'] });
  twoOrigins = synthesize({ packaging: 'layers', corsOrigins: ['https://a.example', 'https://b.example'] });
});
afterAll(() => {
  for (const deployment of [plain, oneOrigin, twoOrigins]) deployment.remove();
});

interface Route {
  readonly route: string;
  readonly resource: Resource;
}

/** Methods by `METHOD /path`, the path put together from the tree of resources. */
const routesOf = ({ api }: Deployment): Route[] => {
  const parts = new Map(find(api, 'AWS::ApiGateway::Resource'));
  const pathOf = (id: string): string => {
    const part = parts.get(id);
    return part === undefined ? '' : `${pathOf(part.Properties.ParentId.Ref)}/${part.Properties.PathPart}`;
  };
  return find(api, 'AWS::ApiGateway::Method').map(([, resource]) => ({
    route: `${resource.Properties.HttpMethod} ${pathOf(resource.Properties.ResourceId.Ref) || '/'}`,
    resource,
  }));
};

const invoked = ({ resource }: Route): string =>
  show(resource.Properties.Integration.Uri).match(/(\w+Function)/)?.[1] ?? '';

describe('routes', () => {
  test('are those of the topology, no more', () => {
    const routes = routesOf(plain).map(({ route }) => route);

    expect(routes.sort()).toEqual(
      [
        ...KEYED_ROUTES.map(({ method, path }) => `${method} ${path}`),
        ...PUBLIC_ROUTES.map((path) => `GET ${path}`),
      ].sort(),
    );
  });

  test('with a key: the authorizer first, then the function that classifies', () => {
    const keyed = new Set<string>(KEYED_ROUTES.map(({ method, path }) => `${method} ${path}`));
    const routes = routesOf(plain).filter(({ route }) => keyed.has(route));

    expect(routes).toHaveLength(KEYED_ROUTES.length);
    for (const route of routes) {
      expect(route.resource.Properties.AuthorizationType).toBe('CUSTOM');
      expect(show(route.resource.Properties.AuthorizerId)).toBe('GatewayApiKey');
      expect(show(route.resource.Properties.Integration.Uri)).toContain('ClassifyApiReleaseLive');
      expect(route.resource.Properties.Integration.TimeoutInMillis).toBe(29_000);
    }
  });

  test('without a key: no authorizer, and never the model', () => {
    const open = new Set<string>(PUBLIC_ROUTES.map((path) => `GET ${path}`));
    const routes = routesOf(plain).filter(({ route }) => open.has(route));

    expect(routes).toHaveLength(PUBLIC_ROUTES.length);
    for (const route of routes) {
      expect(route.resource.Properties.AuthorizationType).toBe('NONE');
      expect(route.resource.Properties.AuthorizerId).toBeUndefined();
      expect(invoked(route)).toBe('DescribeFunction');
    }
  });

  test('take images as bytes', () => {
    const api = findOne(plain.api, 'AWS::ApiGateway::RestApi').Properties;

    expect(api.BinaryMediaTypes).toEqual([...BINARY_MEDIA_TYPES]);
    expect(api.EndpointConfiguration).toEqual({ Types: ['REGIONAL'] });
  });

  test('may each be invoked by this API alone', () => {
    const permissions = find(plain.api, 'AWS::Lambda::Permission').map(([, { Properties }]) => Properties);

    expect(permissions).toHaveLength(KEYED_ROUTES.length + PUBLIC_ROUTES.length + 1);
    for (const { Principal, SourceArn } of permissions) {
      expect(Principal).toBe('apigateway.amazonaws.com');
      expect(show(SourceArn)).toContain('GatewayApi/');
    }
  });
});

describe('authorizer', () => {
  test('is asked for every request, since the key may come in either of two headers', () => {
    const { Properties } = findOne(plain.api, 'AWS::ApiGateway::Authorizer');

    expect(Properties.Type).toBe('REQUEST');
    expect(Properties.AuthorizerResultTtlInSeconds).toBe(0);
    expect(Properties).not.toHaveProperty('IdentitySource');
    expect(show(Properties.AuthorizerUri)).toContain('AuthorizeFunction');
  });

  test('is a small function without layers', () => {
    const { Properties } = findOne(plain.api, 'AWS::Lambda::Function', 'Authorize');

    expect([Properties.Runtime, Properties.Layers, Properties.PackageType]).toEqual([
      'nodejs24.x',
      undefined,
      undefined,
    ]);
  });
});

describe('what API Gateway answers itself', () => {
  const answers = ({ api }: Deployment) =>
    find(api, 'AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => ({
      type: Properties.ResponseType as string,
      status: Properties.StatusCode as string | undefined,
      body: JSON.parse(Properties.ResponseTemplates['application/json']),
      headers: Properties.ResponseParameters as Record<string, string>,
    }));

  test('has the error shape, codes and statuses of the functions', () => {
    const found = answers(plain);

    expect(Object.fromEntries(found.map(({ type, status, body }) => [type, [status, body.error.code]]))).toEqual({
      UNAUTHORIZED: ['401', 'UNAUTHORIZED'],
      ACCESS_DENIED: ['401', 'UNAUTHORIZED'],
      INVALID_API_KEY: ['401', 'UNAUTHORIZED'],
      INVALID_SIGNATURE: ['401', 'UNAUTHORIZED'],
      EXPIRED_TOKEN: ['401', 'UNAUTHORIZED'],
      BAD_REQUEST_BODY: ['400', 'INVALID_REQUEST'],
      BAD_REQUEST_PARAMETERS: ['400', 'INVALID_REQUEST'],
      MISSING_AUTHENTICATION_TOKEN: ['404', 'ROUTE_NOT_FOUND'],
      RESOURCE_NOT_FOUND: ['404', 'ROUTE_NOT_FOUND'],
      REQUEST_TOO_LARGE: ['413', 'IMAGE_TOO_LARGE'],
      UNSUPPORTED_MEDIA_TYPE: ['415', 'UNSUPPORTED_IMAGE'],
      THROTTLED: ['429', 'QUOTA_EXCEEDED'],
      QUOTA_EXCEEDED: ['429', 'QUOTA_EXCEEDED'],
      INTEGRATION_TIMEOUT: ['504', 'INTERNAL'],
      DEFAULT_4XX: [undefined, 'INVALID_REQUEST'],
      DEFAULT_5XX: [undefined, 'INTERNAL'],
    });
    for (const { body, headers } of found) {
      expect(body).toEqual({
        error: { code: expect.any(String), message: expect.stringMatching(/\w/), requestId: '$context.requestId' },
      });
      expect(headers['gatewayresponse.header.X-Request-Id']).toBe('context.requestId');
    }
  });

  test('says when to come back after too many requests', () => {
    const throttled = answers(plain).filter(({ status }) => status === '429');

    expect(throttled.map(({ headers }) => headers['gatewayresponse.header.Retry-After'])).toEqual(["'1'", "'1'"]);
  });

  test('is deployed with the stage', () => {
    const [, deployment] = find(plain.api, 'AWS::ApiGateway::Deployment')[0]!;

    const ids = find(plain.api, 'AWS::ApiGateway::GatewayResponse').map(([id]) => id);
    expect(deployment.DependsOn).toEqual(expect.arrayContaining(ids));
  });

  test('can be read by the configured web origins', () => {
    const origins = [plain, oneOrigin, twoOrigins].map((deployment) => [
      ...new Set(
        answers(deployment).map(({ headers }) => headers['gatewayresponse.header.Access-Control-Allow-Origin']),
      ),
    ]);

    expect(origins).toEqual([[undefined], ["'https://a.example'"], ["'*'"]]);
  });
});

describe('CORS preflight', () => {
  test('exists on every path where origins are configured, and nowhere else', () => {
    const preflights = (deployment: Deployment) =>
      routesOf(deployment).filter(({ route }) => route.startsWith('OPTIONS '));
    const paths = new Set(routesOf(oneOrigin).map(({ route }) => route.split(' ')[1]));

    expect(preflights(plain)).toEqual([]);
    expect(new Set(preflights(oneOrigin).map(({ route }) => route.split(' ')[1]))).toEqual(paths);
  });

  test('allows the headers a key and an idempotency key come in, and needs no key itself', () => {
    const { Properties } = routesOf(oneOrigin).find(({ route }) => route === 'OPTIONS /v1/classify')!.resource;

    expect(Properties.AuthorizationType).toBe('NONE');
    expect(Properties.Integration.Type).toBe('MOCK');
    expect(Properties.Integration.IntegrationResponses[0].ResponseParameters).toMatchObject({
      'method.response.header.Access-Control-Allow-Headers': "'Content-Type,Authorization,X-Api-Key,Idempotency-Key'",
      'method.response.header.Access-Control-Allow-Origin': "'https://a.example'",
    });
  });
});

test('the outputs of the stacks are what a user needs', () => {
  const outputs = [plain.data, plain.ingest, plain.api, plain.observability].map((template) =>
    Object.keys(template.toJSON().Outputs ?? {}).filter((name) => !name.startsWith('ExportsOutput')),
  );

  expect(outputs).toEqual([['BucketName', 'TableName', 'DeadLetterQueueUrl'], [], ['ApiUrl'], ['AlarmTopicArn']]);
});

describe('stage', () => {
  const stageOf = () => findOne(plain.api, 'AWS::ApiGateway::Stage').Properties;

  test('is traced and throttled', () => {
    const [settings] = stageOf().MethodSettings;

    expect(stageOf().TracingEnabled).toBe(true);
    expect(settings).toMatchObject({
      HttpMethod: '*',
      ResourcePath: '/*',
      ThrottlingBurstLimit: 200,
      ThrottlingRateLimit: 100,
    });
  });

  test('logs requests without keys, bodies, paths or addresses', () => {
    const format = JSON.parse(stageOf().AccessLogSetting.Format);

    expect(Object.values(format).sort()).toEqual([
      '$context.authorizer.apiKeyId',
      '$context.error.responseType',
      '$context.httpMethod',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTime',
      '$context.resourcePath',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.status',
    ]);
    expect(stageOf().MethodSettings[0]).toMatchObject({ DataTraceEnabled: false, LoggingLevel: 'ERROR' });
  });

  test('writes to log groups that exist before it and forget after a month', () => {
    const groups = find(plain.api, 'AWS::Logs::LogGroup').filter(([id]) => id.startsWith('Gateway'));

    expect(groups.map(([, { Properties }]) => Properties.RetentionInDays)).toEqual([30, 30]);
    const execution = groups.find(([id]) => id.startsWith('GatewayExecutionLogs'))!;
    expect(show(execution[1].Properties.LogGroupName)).toBe('API-Gateway-Execution-Logs_GatewayApi/live');
    const stage = findOne(plain.api, 'AWS::ApiGateway::Stage');
    expect(stage.DependsOn).toContain(execution[0]);
  });
});
