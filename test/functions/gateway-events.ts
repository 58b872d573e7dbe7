import type { APIGatewayProxyEvent } from 'aws-lambda';

/** A REST API's proxy event (payload format 1.0) as API Gateway sends it from a stage named `live`. */
export const gatewayEvent = (
  method: string,
  path: string,
  given: {
    headers?: Record<string, string>;
    query?: Record<string, string[]>;
    body?: string | null;
    isBase64Encoded?: boolean;
    apiKeyId?: string;
  } = {},
): APIGatewayProxyEvent => {
  const headers = { Host: 'abc123.execute-api.eu-central-1.amazonaws.com', ...given.headers };
  const query = given.query ?? null;
  return {
    resource: path,
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters:
      query && Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: query,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      authorizer: given.apiKeyId === undefined ? undefined : { apiKeyId: given.apiKeyId, principalId: given.apiKeyId },
      protocol: 'HTTP/1.1',
      httpMethod: method,
      identity: { sourceIp: '203.0.113.7' },
      path: `/live${path}`,
      stage: 'live',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      requestTimeEpoch: 1769860800000,
      resourceId: 'xyz',
      resourcePath: path,
      domainName: 'abc123.execute-api.eu-central-1.amazonaws.com',
    },
    body: given.body ?? null,
    isBase64Encoded: given.isBase64Encoded ?? false,
  } as unknown as APIGatewayProxyEvent;
};
