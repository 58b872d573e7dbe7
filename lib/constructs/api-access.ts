import { Duration } from 'aws-cdk-lib';
import {
  AuthorizationType,
  type CfnAuthorizer,
  type MethodOptions,
  RequestAuthorizer,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Auth } from '../core/deployment-settings';

/**
 * What stands before the routes that are not public: our authorizer for API keys and JWTs, API Gateway itself for IAM.
 * @param authorize not asked for IAM
 */
export const restrictAccess = (scope: Construct, auth: Auth, authorize: IFunction | undefined): MethodOptions => {
  if (auth === 'iam' || authorize === undefined) return { authorizationType: AuthorizationType.IAM };
  const authorizer = new RequestAuthorizer(scope, 'ApiKey', {
    handler: authorize,
    // Named sources must all be present, or API Gateway answers 401 unasked; the key may come in either header.
    // Without sources there is nothing to cache by, which also makes a revoked key end at once.
    identitySources: [],
    resultsCacheTtl: Duration.seconds(0),
  });
  // The L2 writes an empty text for no sources, which is not a valid source.
  (authorizer.node.defaultChild as CfnAuthorizer).identitySource = undefined;
  return { authorizer, authorizationType: AuthorizationType.CUSTOM };
};
