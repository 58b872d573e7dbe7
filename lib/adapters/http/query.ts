import type { z } from 'zod';
import type { ApiContext } from './api-context';
import { parseWith } from './validation';

/**
 * The query parameters a route knows. Unknown ones are refused: a mistyped filter would list everything, a mistyped
 * `store=false` would keep what was to be forgotten. One given twice is refused too, as neither value is the right one.
 * @throws INVALID_REQUEST
 */
export const parseQuery = <Shape extends z.ZodRawShape>(
  context: ApiContext,
  schema: z.ZodObject<Shape>,
): z.output<z.ZodObject<Shape>> => {
  const given = Object.entries(context.req.queries()).map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  return parseWith(schema.strict(), Object.fromEntries(given), 'query parameter') as z.output<z.ZodObject<Shape>>;
};
