import { JsonSchemaType, type MethodOptions, Model, RequestValidator, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';

const JSON_BODY = 'application/json';

/** Texts that a JSON body must hold, by route; of everything else the functions say more precisely what is wrong. */
const REQUIRED: Readonly<Record<string, string>> = {
  '/v1/classify': 'image',
  '/v1/features': 'image',
  '/v1/models/{name}/classify': 'image',
  '/v1/models/{name}/features': 'image',
  '/models/{name}': 'inputs',
};

/**
 * What API Gateway refuses by itself, so that it wakes no model: JSON bodies without their image, paths without their
 * parameter. Images come as bytes, which it does not look into.
 */
export const createRequestChecks = (scope: Construct, api: RestApi): ((path: string) => MethodOptions) => {
  const requestValidator = new RequestValidator(scope, 'Validator', {
    restApi: api,
    requestValidatorName: 'bodies-and-parameters',
    validateRequestBody: true,
    validateRequestParameters: true,
  });
  const models = new Map<string, Model>();
  const modelOf = (member: string): Model => {
    const existing = models.get(member);
    if (existing !== undefined) return existing;
    const model = new Model(scope, `Body-${member}`, {
      restApi: api,
      contentType: JSON_BODY,
      schema: {
        type: JsonSchemaType.OBJECT,
        required: [member],
        properties: { [member]: { type: JsonSchemaType.STRING, minLength: 1 } },
      },
    });
    models.set(member, model);
    return model;
  };
  return (path) => {
    const member = REQUIRED[path];
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(
      ([, name]) => [`method.request.path.${name}`, true] as const,
    );
    return {
      requestValidator,
      requestParameters: Object.fromEntries(parameters),
      requestModels: member === undefined ? undefined : { [JSON_BODY]: modelOf(member) },
    };
  };
};
