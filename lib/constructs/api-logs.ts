import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  LogGroupLogDestination,
  MethodLoggingLevel,
  type StageOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

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

/** Stage options for access logging, and for execution logs of errors only, which hold no request data. */
export const apiLogging = (scope: Construct): StageOptions => ({
  accessLogDestination: new LogGroupLogDestination(
    new LogGroup(scope, 'AccessLogs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
  ),
  accessLogFormat: AccessLogFormat.custom(JSON.stringify(FIELDS)),
  loggingLevel: MethodLoggingLevel.ERROR,
  dataTraceEnabled: false,
});
