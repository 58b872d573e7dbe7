import { z } from 'zod';
import { SulcusError } from '../../core/errors';

/** Where a scan stands in every index: text order is time order, and equal times are told apart by the scanId. */
export const positionOf = (createdAt: string, scanId: string): string => `${createdAt}#${scanId}`;

const POSITION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[0-9a-f]{32}$/;

/** Versioned, so that a later layout of the index can refuse (or translate) the cursors of this one. */
const cursorSchema = z.strictObject({ v: z.literal(1), after: z.string().regex(POSITION) });

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

/** The cursor that continues behind a position: opaque to callers, no secret, valid with any filter and for ever. */
export const encodeCursor = (after: string): string => encode(JSON.stringify({ v: 1, after }));

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * The position in a cursor of `encodeCursor`, accepted only exactly as written there.
 * @throws INVALID_REQUEST for anything else
 */
export const decodeCursor = (cursor: string): string => {
  const parsed = cursorSchema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success || encodeCursor(parsed.data.after) !== cursor) {
    throw new SulcusError(
      'INVALID_REQUEST',
      'expected a cursor from nextCursor of an earlier answer, received something else',
    );
  }
  return parsed.data.after;
};
