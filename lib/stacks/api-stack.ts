import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ClassifyApi } from '../constructs/classify-api';
import { type InferenceAssets, InferenceFunction, type Packaging } from '../constructs/inference-function';
import type { ResultTable } from '../constructs/result-table';
import type { ScanBucket } from '../constructs/scan-bucket';
import { API_TIMEOUT } from '../constructs/timing';
import { ZipFunction } from '../constructs/zip-function';
import { ENV } from '../topology';

export interface ApiStackProps extends StackProps {
  readonly scans: ScanBucket;
  readonly results: ResultTable;
  readonly packaging: Packaging;
  readonly assets: InferenceAssets;
  readonly authorizeFolder: string;
  readonly describeFolder: string;
  readonly corsOrigins: readonly string[];
}

/** The HTTPS API: authorizer, the function that classifies, and the one that answers without a key. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { corsOrigins } = props;
    const describe = new ZipFunction(this, 'Describe', {
      description: 'Answers health checks and serves the OpenAPI document.',
      folder: props.describeFolder,
      environment: { [ENV.corsOrigins]: corsOrigins.join(',') },
    });
    const { api } = new ClassifyApi(this, 'Gateway', {
      classify: this.classify(props).function,
      describe: describe.function,
      authorize: this.authorize(props).function,
      corsOrigins,
    });
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'Base URL of the API.' });
  }

  private classify({ scans, results, packaging, assets, corsOrigins }: ApiStackProps): InferenceFunction {
    const classify = new InferenceFunction(this, 'ClassifyApi', {
      description: 'Classifies scans posted to the API; lists and deletes results.',
      handlerFolder: 'classify-api',
      packaging,
      assets,
      timeout: API_TIMEOUT,
      environment: {
        [ENV.tableName]: results.table.tableName,
        [ENV.bucketName]: scans.bucket.bucketName,
        [ENV.corsOrigins]: corsOrigins.join(','),
      },
    });
    results.grantRecord(classify.role);
    results.grantList(classify.role);
    results.grantMeter(classify.role);
    results.grantReadUsage(classify.role);
    scans.grantAnnounce(classify.role);
    scans.grantRemove(classify.role);
    return classify;
  }

  private authorize({ results, authorizeFolder }: ApiStackProps): ZipFunction {
    const authorize = new ZipFunction(this, 'Authorize', {
      description: 'Checks API keys, so that traffic without one never wakes the model.',
      folder: authorizeFolder,
      environment: { [ENV.tableName]: results.table.tableName },
    });
    results.grantAuthorize(authorize.role);
    return authorize;
  }
}
