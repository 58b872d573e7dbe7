export type { ApiApp, ApiDeps, Caller, PublicApiDeps } from './api-context';
export { createApi, createPublicApi } from './create-api';
export { type ErrorResponse, toErrorResponse } from './error-table';
export { createOpenApiDocument } from './openapi-document';
