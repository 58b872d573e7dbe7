import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { acknowledge } from './acknowledge';

const PUBLIC = 'Health and the OpenAPI document are public by design, and CORS preflights carry no credentials.';

/** Why rules about APIs do not apply to ours. */
export const explainApi = (api: RestApi): void =>
  acknowledge(api, {
    'AwsSolutions-APIG4': PUBLIC,
    'AwsSolutions-COG4': 'Callers are programs: API keys, IAM or JWTs of the config, checked before any function runs.',
    'AwsSolutions-APIG3': 'Costs 8 USD a month without a request; waf: true in the config adds it.',
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
      "The account-wide role of API Gateway's logs, as AWS prescribes it.",
    'HIPAA.Security-APIGWCacheEnabledAndEncrypted': 'Nothing is cached: results are personal and change when deleted.',
    'HIPAA.Security-APIGWSSLEnabled':
      'The backend is Lambda, called by IAM: no HTTPS backend could check a client certificate.',
  });
