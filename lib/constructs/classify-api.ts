import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  type LambdaIntegrationOptions,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Auth } from '../core/deployment-settings';
import { BINARY_MEDIA_TYPES, DEPLOYED, KEYED_ROUTES, PUBLIC_ROUTES } from '../topology';
import { restrictAccess } from './api-access';
import { apiLogging, createApiLogGroup } from './api-logs';
import { explainApi } from './api-reasons';
import { addGatewayResponses } from './gateway-responses';
import type { Platform } from './platform';
import { createRequestChecks } from './request-checks';
import { API_TIMEOUT } from './timing';

export interface ClassifyApiProps {
  readonly platform: Platform;
  readonly auth: Auth;
  /** Answers every route that needs a key. */
  readonly classify: IFunction;
  /** Answers the routes that need none. */
  readonly describe: IFunction;
  /** Checks keys or tokens before anything else runs; not for IAM. */
  readonly authorize?: IFunction;
  readonly corsOrigins: readonly string[];
  /** Of the whole API: a leaked key cannot spend more than this. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Whether only its custom domain answers. */
  readonly customDomainOnly: boolean;
}

const CORS_HEADERS = ['Content-Type', 'Authorization', 'X-Api-Key', 'Idempotency-Key'];
/** What a browser adds that signs its requests. */
const SIGNATURE_HEADERS = ['X-Amz-Date', 'X-Amz-Security-Token', 'X-Amz-Content-Sha256'];

const INTEGRATION: LambdaIntegrationOptions = { timeout: API_TIMEOUT, allowTestInvoke: false };

/** The regional REST API: routes of lib/topology.ts, each behind the key or declared public. */
export class ClassifyApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: ClassifyApiProps) {
    super(scope, id);
    const { corsOrigins, auth } = props;
    const allowHeaders = auth === 'iam' ? [...CORS_HEADERS, ...SIGNATURE_HEADERS] : CORS_HEADERS;
    this.api = new RestApi(this, 'Api', {
      restApiName: DEPLOYED.apiName,
      description: 'Classifies brain-MRI scans. Research use only.',
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: [...BINARY_MEDIA_TYPES],
      disableExecuteApiEndpoint: props.customDomainOnly,
      // An account-wide setting that logging needs; other APIs of the account may rely on it too.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      defaultCorsPreflightOptions:
        corsOrigins.length === 0
          ? undefined
          : { allowOrigins: [...corsOrigins], allowHeaders, maxAge: Duration.minutes(10) },
      deployOptions: {
        stageName: DEPLOYED.stage,
        tracingEnabled: true,
        metricsEnabled: true,
        throttlingRateLimit: props.requestsPerSecond,
        throttlingBurstLimit: props.requestBurst,
        ...apiLogging(this, props.platform),
      },
    });
    // Its own output of the URL; the stack has one with a name to look for.
    this.api.node.tryRemoveChild('Endpoint');
    this.addRoutes(props);
    addGatewayResponses(this.api, corsOrigins, auth);
    this.keepExecutionLogs(props.platform);
    explainApi(this.api);
  }

  private addRoutes({ classify, describe, authorize, auth }: ClassifyApiProps): void {
    const access = restrictAccess(this, auth, authorize);
    const checksOf = createRequestChecks(this, this.api);
    const classifying = new LambdaIntegration(classify, INTEGRATION);
    for (const { method, path } of KEYED_ROUTES) {
      const checks = method === 'POST' ? checksOf(path) : { ...checksOf(path), requestModels: undefined };
      this.api.root.resourceForPath(path).addMethod(method, classifying, { ...access, ...checks });
    }
    const describing = new LambdaIntegration(describe, INTEGRATION);
    for (const path of PUBLIC_ROUTES) {
      this.api.root
        .resourceForPath(path)
        .addMethod('GET', describing, { authorizationType: AuthorizationType.NONE, ...checksOf(path) });
    }
  }

  /** API Gateway would create this group itself at the first error, and keep it for ever. */
  private keepExecutionLogs(platform: Platform): void {
    const name = `API-Gateway-Execution-Logs_${this.api.restApiId}/${DEPLOYED.stage}`;
    this.api.deploymentStage.node.addDependency(createApiLogGroup(this, 'ExecutionLogs', platform, name));
  }
}
