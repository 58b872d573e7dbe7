import type { IncomingMessage } from 'node:http';
import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';

const ACCOUNT = '000000000000';
const STAGE = 'local';

const pairs = (rawHeaders: readonly string[]): [string, string][] =>
  rawHeaders.flatMap(
    (name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : []) as [string, string][],
  );

/** What a REST API's REQUEST authorizer is called with: header names as the client wrote them, the last value of each. */
export const createAuthorizerEvent = (
  incoming: IncomingMessage,
  requestId: string,
): APIGatewayRequestAuthorizerEvent => {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost');
  const httpMethod = incoming.method ?? 'GET';
  const headers = pairs(incoming.rawHeaders);
  const multiValueHeaders: Record<string, string[]> = {};
  for (const [name, value] of headers) multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), value];
  const multiValueQuery: Record<string, string[]> = {};
  for (const [name, value] of searchParams) multiValueQuery[name] = [...(multiValueQuery[name] ?? []), value];
  const methodArn = `arn:aws:execute-api:local:${ACCOUNT}:sulcus/${STAGE}/${httpMethod}${pathname}`;
  return {
    type: 'REQUEST',
    methodArn,
    resource: pathname,
    path: pathname,
    httpMethod,
    headers: Object.fromEntries(headers),
    multiValueHeaders,
    queryStringParameters: Object.fromEntries(searchParams),
    multiValueQueryStringParameters: multiValueQuery,
    pathParameters: {},
    stageVariables: {},
    requestContext: requestContext(incoming, requestId, httpMethod, pathname),
  };
};

const requestContext = (
  incoming: IncomingMessage,
  requestId: string,
  httpMethod: string,
  path: string,
): APIGatewayRequestAuthorizerEvent['requestContext'] => ({
  accountId: ACCOUNT,
  apiId: 'sulcus',
  authorizer: undefined,
  protocol: 'HTTP/1.1',
  httpMethod,
  identity: {
    accessKey: null,
    accountId: null,
    apiKey: null,
    apiKeyId: null,
    caller: null,
    clientCert: null,
    cognitoAuthenticationProvider: null,
    cognitoAuthenticationType: null,
    cognitoIdentityId: null,
    cognitoIdentityPoolId: null,
    principalOrgId: null,
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    user: null,
    userAgent: incoming.headers['user-agent'] ?? null,
    userArn: null,
  },
  path,
  stage: STAGE,
  requestId,
  requestTimeEpoch: Date.now(),
  resourceId: 'local',
  resourcePath: path,
});
