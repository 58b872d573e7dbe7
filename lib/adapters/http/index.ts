export type { ApiApp, ApiDeps, Caller, PublicApiDeps } from './api-context';
export { createApi, createPublicApi } from './create-api';
export { type ErrorResponse, toErrorResponse } from './error-table';
export { type ApiHandler, basePathByGateway, createGatewayHandler, identifyByGateway, readKeyContext } from './lambda';
export { createOpenApiDocument } from './openapi-document';
