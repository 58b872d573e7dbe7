import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AuthorizationType,
  type CfnAuthorizer,
  EndpointType,
  LambdaIntegration,
  type LambdaIntegrationOptions,
  RequestAuthorizer,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BINARY_MEDIA_TYPES, KEYED_ROUTES, PUBLIC_ROUTES } from '../topology';
import { apiLogging } from './api-logs';
import { addGatewayResponses } from './gateway-responses';
import { API_TIMEOUT } from './timing';

export interface ClassifyApiProps {
  /** Answers every route that needs a key. */
  readonly classify: IFunction;
  /** Answers the routes that need none. */
  readonly describe: IFunction;
  /** Checks keys before anything else runs. */
  readonly authorize: IFunction;
  readonly corsOrigins: readonly string[];
}

const STAGE = 'live';

/** Requests per second of the whole API; a leaked key cannot spend more than this. */
const RATE_LIMIT = 100;
const BURST_LIMIT = 200;

const CORS_HEADERS = ['Content-Type', 'Authorization', 'X-Api-Key', 'Idempotency-Key'];

const INTEGRATION: LambdaIntegrationOptions = { timeout: API_TIMEOUT, allowTestInvoke: false };

/** The regional REST API: routes of lib/topology.ts, each behind the key or declared public. */
export class ClassifyApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: ClassifyApiProps) {
    super(scope, id);
    const { corsOrigins } = props;
    this.api = new RestApi(this, 'Api', {
      restApiName: 'sulcus',
      description: 'Classifies brain-MRI scans. Research use only.',
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: [...BINARY_MEDIA_TYPES],
      // An account-wide setting that logging needs; other APIs of the account may rely on it too.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      defaultCorsPreflightOptions:
        corsOrigins.length === 0
          ? undefined
          : { allowOrigins: [...corsOrigins], allowHeaders: CORS_HEADERS, maxAge: Duration.minutes(10) },
      deployOptions: {
        stageName: STAGE,
        tracingEnabled: true,
        throttlingRateLimit: RATE_LIMIT,
        throttlingBurstLimit: BURST_LIMIT,
        ...apiLogging(this),
      },
    });
    // Its own output of the URL; the stack has one with a name to look for.
    this.api.node.tryRemoveChild('Endpoint');
    this.addRoutes(props);
    addGatewayResponses(this.api, corsOrigins);
    this.keepExecutionLogs();
  }

  private addRoutes({ classify, describe, authorize }: ClassifyApiProps): void {
    const authorizer = new RequestAuthorizer(this, 'ApiKey', {
      handler: authorize,
      // Named sources must all be present, or API Gateway answers 401 unasked; the key may come in either header.
      // Without sources there is nothing to cache by, which also makes a revoked key end at once.
      identitySources: [],
      resultsCacheTtl: Duration.seconds(0),
    });
    // The L2 writes an empty text for no sources, which is not a valid source.
    (authorizer.node.defaultChild as CfnAuthorizer).identitySource = undefined;
    const classifying = new LambdaIntegration(classify, INTEGRATION);
    for (const { method, path } of KEYED_ROUTES) {
      this.api.root
        .resourceForPath(path)
        .addMethod(method, classifying, { authorizer, authorizationType: AuthorizationType.CUSTOM });
    }
    const describing = new LambdaIntegration(describe, INTEGRATION);
    for (const path of PUBLIC_ROUTES) {
      this.api.root.resourceForPath(path).addMethod('GET', describing, { authorizationType: AuthorizationType.NONE });
    }
  }

  /** API Gateway would create this group itself at the first error, and keep it for ever. */
  private keepExecutionLogs(): void {
    const logGroup = new LogGroup(this, 'ExecutionLogs', {
      logGroupName: `API-Gateway-Execution-Logs_${this.api.restApiId}/${STAGE}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api.deploymentStage.node.addDependency(logGroup);
  }
}
