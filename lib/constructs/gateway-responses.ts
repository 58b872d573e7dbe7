import { type ResponseType, type RestApi, ResponseType as Type } from 'aws-cdk-lib/aws-apigateway';
import type { Auth } from '../core/deployment-settings';

/** What API Gateway answers by itself, in the error shape of the functions: { error: { code, message, requestId } }. */
interface GatewayError {
  readonly type: ResponseType;
  /** @default what API Gateway would answer */
  readonly status?: string;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const REFUSED = { status: '401', code: 'UNAUTHORIZED' } as const;
const BEARER = { 'WWW-Authenticate': `'Bearer realm="sulcus"'` } as const;

/** What a caller without credentials, or with wrong ones, is told. */
const CREDENTIALS: Readonly<Record<Auth, Omit<GatewayError, 'type'>>> = {
  apiKey: {
    ...REFUSED,
    message: 'expected a valid API key in x-api-key or Authorization: Bearer, received none or an unknown one',
    headers: BEARER,
  },
  jwt: {
    ...REFUSED,
    message: 'expected a valid token as Authorization: Bearer, received none, an expired or an unknown one',
    headers: BEARER,
  },
  iam: {
    ...REFUSED,
    message: 'expected a request signed (SigV4) by a principal that may call this route, received another',
  },
};

const ROUTE_EXPECTED = {
  status: '404',
  code: 'ROUTE_NOT_FOUND',
  message: 'expected a method and path of this API (see /v1/openapi.json), received another',
} as const;

const RETRY_SOON = { 'Retry-After': "'1'" };

/** As the functions set them, but for the content security policy, whose quotes a static header cannot hold. */
const HEADERS = {
  'X-Request-Id': 'context.requestId',
  'X-Content-Type-Options': "'nosniff'",
  'Cache-Control': "'no-store'",
} as const;

const credentialErrors = (auth: Auth): readonly GatewayError[] => [
  ...[Type.UNAUTHORIZED, Type.ACCESS_DENIED, Type.INVALID_API_KEY, Type.INVALID_SIGNATURE, Type.EXPIRED_TOKEN].map(
    (type) => ({ type, ...CREDENTIALS[auth] }),
  ),
  // API Gateway's name for a path or method it has no route for; with IAM for a request without a signature as well.
  { type: Type.MISSING_AUTHENTICATION_TOKEN, ...(auth === 'iam' ? CREDENTIALS.iam : ROUTE_EXPECTED) },
];

const ERRORS: readonly GatewayError[] = [
  { type: Type.RESOURCE_NOT_FOUND, ...ROUTE_EXPECTED },
  ...[Type.BAD_REQUEST_BODY, Type.BAD_REQUEST_PARAMETERS].map((type) => ({
    type,
    status: '400',
    code: 'INVALID_REQUEST',
    message: 'expected a body and parameters as in /v1/openapi.json, received others',
  })),
  {
    type: Type.REQUEST_TOO_LARGE,
    status: '413',
    code: 'IMAGE_TOO_LARGE',
    message: 'expected an image of at most 4.5 MB, received a larger request; POST /v1/scans takes larger ones',
  },
  {
    type: Type.UNSUPPORTED_MEDIA_TYPE,
    status: '415',
    code: 'UNSUPPORTED_IMAGE',
    message: 'expected an image content type or application/json, received another',
  },
  {
    type: Type.THROTTLED,
    status: '429',
    code: 'QUOTA_EXCEEDED',
    message: 'expected fewer requests per second, received more than the limit',
    headers: RETRY_SOON,
  },
  {
    type: Type.QUOTA_EXCEEDED,
    status: '429',
    code: 'QUOTA_EXCEEDED',
    message: 'expected fewer requests, received more than the quota',
    headers: RETRY_SOON,
  },
  {
    type: Type.INTEGRATION_TIMEOUT,
    status: '504',
    code: 'INTERNAL',
    message: 'expected an answer within 29 seconds, received none; try again',
    headers: RETRY_SOON,
  },
  {
    type: Type.DEFAULT_5XX,
    code: 'INTERNAL',
    message: 'The request failed inside the service; the log knows why.',
  },
  { type: Type.DEFAULT_4XX, code: 'INVALID_REQUEST', message: 'expected a valid request, received another' },
];

/**
 * Static headers cannot mirror the caller's origin. With several origins configured these answers go to any: they hold
 * nothing but what is written above and a request id.
 */
const corsHeader = (corsOrigins: readonly string[]): Readonly<Record<string, string>> => {
  const [origin, ...others] = corsOrigins;
  if (origin === undefined) return {};
  return {
    'Access-Control-Allow-Origin': others.length === 0 ? `'${origin}'` : "'*'",
    'Access-Control-Expose-Headers': "'x-request-id,retry-after'",
  };
};

export const addGatewayResponses = (api: RestApi, corsOrigins: readonly string[], auth: Auth): void => {
  for (const { type, status, code, message, headers } of [...credentialErrors(auth), ...ERRORS]) {
    api.addGatewayResponse(type.responseType, {
      type,
      statusCode: status,
      responseHeaders: { ...HEADERS, ...headers, ...corsHeader(corsOrigins) },
      templates: {
        'application/json': JSON.stringify({ error: { code, message, requestId: '$context.requestId' } }),
      },
    });
  }
};
