import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  LogGroupLogDestination,
  MethodLoggingLevel,
  type StageOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Platform } from './platform';

/**
 * One line per request: the route as declared (never the path with its ids), the public name of the key, times and
 * outcome. No headers, bodies, query strings or addresses.
 */
const FIELDS = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  gatewayError: '$context.error.responseType',
  apiKeyId: '$context.authorizer.apiKeyId',
  responseBytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationMs: '$context.integrationLatency',
} as const;

/** A log group of the API: it holds no request data, so it goes with the stack. */
export const createApiLogGroup = (
  scope: Construct,
  id: string,
  { key, logRetention }: Platform,
  logGroupName?: string,
): LogGroup =>
  new LogGroup(scope, id, {
    encryptionKey: key,
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
    logGroupName,
  });

/** Stage options for access logging, and for execution logs of errors only, which hold no request data. */
export const apiLogging = (scope: Construct, platform: Platform): StageOptions => ({
  accessLogDestination: new LogGroupLogDestination(createApiLogGroup(scope, 'AccessLogs', platform)),
  accessLogFormat: AccessLogFormat.custom(JSON.stringify(FIELDS)),
  loggingLevel: MethodLoggingLevel.ERROR,
  dataTraceEnabled: false,
});
