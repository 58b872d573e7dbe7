import type { APIGatewayAuthorizerWithContextResult, APIGatewayProxyResult } from 'aws-lambda';
import { DEPLOYED } from '../../lib/topology';
import { gatewayEvent } from '../functions/gateway-events';
import { type Account, REGION } from './account';
import type { DeployedFunctions } from './deployed-functions';

export interface Call {
  readonly headers?: Record<string, string>;
  /** Bytes travel as base64, as API Gateway hands binary media types over. */
  readonly body?: Uint8Array | string;
}

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

/** The function that an integration or authorizer URI names. */
const functionOf = (uri: string | undefined): string =>
  /:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(uri ?? '')?.[1] ?? '';

/** API Gateway's part: finds a request's method in the API as deployed, asks its authorizer, calls its function. */
export const openDeployedGateway = async (account: Account, functions: DeployedFunctions) => {
  const { id, resources, authorizers } = await account.api(DEPLOYED.apiName);

  /** The caller as the method's authorizer sees it; undefined where it refuses. */
  const authorize = async (uri: string | undefined, methodArn: string, headers: Record<string, string>) => {
    const event = { type: 'REQUEST', methodArn, headers };
    try {
      const allowed = (await functions.invoke(functionOf(uri), event)) as APIGatewayAuthorizerWithContextResult<
        Record<string, string>
      >;
      return { ...allowed.context, principalId: allowed.principalId };
    } catch (error) {
      if ((error as Error).message === 'Unauthorized') return undefined;
      throw error;
    }
  };

  return async (method: string, path: string, { headers = {}, body }: Call = {}): Promise<Answer> => {
    const [plain = path, search = ''] = path.split('?');
    const resource = resources.find((entry) => matches(entry.path, plain));
    const deployed = resource?.resourceMethods?.[method];
    if (deployed === undefined)
      throw new Error(`expected ${method} ${path} in the deployed API, received no such method`);
    const query = Object.fromEntries([...new URLSearchParams(search)].map(([name, value]) => [name, [value]]));
    const event = gatewayEvent(method, plain, {
      headers,
      query,
      body: body instanceof Uint8Array ? Buffer.from(body).toString('base64') : body,
      isBase64Encoded: body instanceof Uint8Array,
    });
    if (deployed.authorizationType === 'CUSTOM') {
      const methodArn = `arn:aws:execute-api:${REGION}:123456789012:${id}/${DEPLOYED.stage}/${method}${plain}`;
      const caller = await authorize(authorizers.get(String(deployed.authorizerId)), methodArn, headers);
      if (caller === undefined) return { status: 401, json: {} };
      Object.assign(event.requestContext, { authorizer: caller });
    }
    const target = functionOf(deployed.methodIntegration.uri);
    const { statusCode, body: text } = (await functions.invoke(target, event)) as APIGatewayProxyResult;
    return { status: statusCode, json: text === '' ? {} : JSON.parse(text) };
  };
};
