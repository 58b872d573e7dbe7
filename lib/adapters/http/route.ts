import type { RouteConfig } from '@hono/zod-openapi';
import type { z } from 'zod';
import { errorBodySchema } from '../../core/contract';
import { type ErrorCode, SulcusError, toSulcusError } from '../../core/errors';
import type { ApiApp, ApiContext } from './api-context';
import { toErrorResponse } from './error-table';

type Responses = RouteConfig['responses'];

/** What every route behind a key can answer beside its own errors. */
const KEYED_CODES: readonly ErrorCode[] = ['UNAUTHORIZED', 'QUOTA_EXCEEDED', 'INTERNAL', 'STORE_UNAVAILABLE'];

/** Documents a JSON answer by the schema that types it. */
export const jsonResponse = <Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  example: z.output<Schema>,
): Responses[number] => ({ description, content: { 'application/json': { schema, example } } });

/** Documents the error answers of a route behind a key, grouped by HTTP status as the error table has them. */
export const errorResponses = (...codes: readonly ErrorCode[]): Responses => {
  const byStatus = new Map<number, { codes: ErrorCode[]; example: unknown }>();
  for (const code of [...codes, ...KEYED_CODES]) {
    const { status, body } = toErrorResponse(
      new SulcusError(code, 'expected X for Y, received Z'),
      'b2b4e3a0-7f5e-4a51-9c4c-3f7f8d0a9b11',
    );
    const row = byStatus.get(status) ?? { codes: [], example: body };
    row.codes.push(code);
    byStatus.set(status, row);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, row]) => [
      status,
      {
        description: row.codes.join(', '),
        content: { 'application/json': { schema: errorBodySchema, example: row.example } },
      },
    ]),
  );
};

/** Serves a documented route: the same value is the route and its entry in the OpenAPI document. */
export const mountRoute = (
  app: ApiApp,
  { method, path }: RouteConfig,
  handler: (context: ApiContext) => Response | Promise<Response>,
): void => {
  app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
    try {
      return await handler(context);
    } catch (error) {
      // Hono hands only instances of its own realm's Error to onError; native modules throw others.
      throw toSulcusError(error, 'INTERNAL', 'expected a known failure, received an unknown one');
    }
  });
};
