import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ApiDomain } from '../constructs/api-domain';
import { ClassifyApi } from '../constructs/classify-api';
import { Firewall } from '../constructs/firewall';
import { explainNoVpc } from '../constructs/function-reasons';
import { type InferenceAssets, InferenceFunction } from '../constructs/inference-function';
import { API_TIMEOUT } from '../constructs/timing';
import { ZipFunction } from '../constructs/zip-function';
import type { Settings } from '../core/deployment-settings';
import { DEPLOYED, ENV } from '../topology';
import type { DataStack } from './data-stack';
import { storeEnvironment } from './environment';

export interface ApiStackProps extends StackProps {
  readonly settings: Settings;
  readonly data: DataStack;
  readonly assets: InferenceAssets;
  readonly authorizeFolder: string;
  readonly describeFolder: string;
}

/** The HTTPS API: authorizer, the function that classifies, and the one that answers without a key. */
export class ApiStack extends Stack {
  readonly classify: InferenceFunction;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { settings, data } = props;
    const { platform } = data;
    const describe = new ZipFunction(this, 'Describe', {
      platform,
      functionName: DEPLOYED.describe,
      description: 'Answers health checks and serves the OpenAPI document.',
      folder: props.describeFolder,
      environment: { [ENV.corsOrigins]: settings.corsOrigins.join(',') },
    });
    explainNoVpc(describe);
    this.classify = this.createClassify(props);
    const { api } = new ClassifyApi(this, 'Gateway', {
      platform,
      auth: settings.auth,
      classify: this.classify.alias,
      describe: describe.function,
      authorize: settings.auth === 'iam' ? undefined : this.createAuthorize(props).function,
      corsOrigins: settings.corsOrigins,
      requestsPerSecond: settings.requestsPerSecond,
      requestBurst: settings.requestBurst,
      customDomainOnly: settings.domainName !== null,
    });
    const { domainName, certificateArn } = settings;
    if (domainName !== null && certificateArn !== null) {
      new ApiDomain(this, 'Domain', { api, domainName, certificateArn });
    }
    if (settings.waf) new Firewall(this, 'Firewall', { api, platform });
    new CfnOutput(this, 'ApiUrl', {
      value: domainName === null ? api.url : `https://${domainName}/`,
      description: 'Base URL of the API.',
    });
  }

  private createClassify({ settings, data, assets }: ApiStackProps): InferenceFunction {
    const classify = new InferenceFunction(this, 'ClassifyApi', {
      platform: data.platform,
      functionName: DEPLOYED.classifyApi[settings.packaging],
      description: 'Classifies scans posted to the API; lists and deletes results.',
      handlerFolder: 'classify-api',
      packaging: settings.packaging,
      assets,
      timeout: API_TIMEOUT,
      memoryMegabytes: settings.memoryMegabytes,
      snapStart: settings.snapStart,
      environment: {
        ...storeEnvironment(data, settings),
        [ENV.corsOrigins]: settings.corsOrigins.join(','),
      },
    });
    data.results.grantRecord(classify.role);
    data.results.grantList(classify.role);
    data.results.grantMeter(classify.role);
    data.results.grantReadUsage(classify.role);
    data.scans.grantAnnounce(classify.role);
    data.scans.grantRemove(classify.role);
    if (settings.resultObjects) data.scans.grantRemoveResults(classify.role);
    return classify;
  }

  private createAuthorize({ settings, data, authorizeFolder }: ApiStackProps): ZipFunction {
    const { auth, jwtIssuer, jwtAudience, jwksUri } = settings;
    const authorize = new ZipFunction(this, 'Authorize', {
      platform: data.platform,
      functionName: DEPLOYED.authorize,
      description: 'Checks API keys or tokens, so that traffic without one never wakes the model.',
      folder: authorizeFolder,
      environment:
        auth === 'jwt'
          ? {
              [ENV.auth]: auth,
              [ENV.jwtIssuer]: jwtIssuer ?? '',
              [ENV.jwtAudience]: jwtAudience ?? '',
              ...(jwksUri === null ? {} : { [ENV.jwksUri]: jwksUri }),
            }
          : { [ENV.tableName]: data.results.table.tableName },
    });
    explainNoVpc(authorize);
    if (auth === 'apiKey') data.results.grantAuthorize(authorize.role);
    return authorize;
  }
}
