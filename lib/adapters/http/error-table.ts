import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorBody } from '../../core/contract';
import { type ErrorCode, toSulcusError } from '../../core/errors';

interface ErrorRow {
  readonly status: ContentfulStatusCode;
  /** Said instead of the error's own message, which may tell of the inside. */
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

const INTERNAL: ErrorRow = { status: 500, message: 'The request failed inside the service; the log knows why.' };

/** The HTTP edge's one table. Codes that are not in it never belong in an answer and become INTERNAL. */
const ERROR_TABLE: Partial<Record<ErrorCode, ErrorRow>> = {
  INVALID_REQUEST: { status: 400 },
  UNAUTHORIZED: {
    status: 401,
    message: 'expected a valid API key in x-api-key or Authorization: Bearer, received none or an unknown one',
  },
  ROUTE_NOT_FOUND: { status: 404 },
  SCAN_NOT_FOUND: { status: 404 },
  MODEL_NOT_FOUND: { status: 404 },
  METHOD_NOT_ALLOWED: { status: 405 },
  MODEL_HAS_NO_LABELS: { status: 409 },
  MODEL_HAS_NO_FEATURES: { status: 409 },
  IMAGE_TOO_LARGE: { status: 413 },
  UNSUPPORTED_IMAGE: { status: 415 },
  UNREADABLE_IMAGE: { status: 422 },
  IDEMPOTENCY_KEY_REUSED: { status: 422 },
  QUOTA_EXCEEDED: { status: 429, retryAfterSeconds: 60 },
  INFERENCE_FAILED: { status: 500, message: 'The model could not process this image; the log knows why.' },
  INTERNAL,
  STORE_UNAVAILABLE: { status: 503, message: 'The store does not answer; try again later.', retryAfterSeconds: 5 },
  MODEL_UNAVAILABLE: { status: 503, message: 'The model cannot be opened; try again later.', retryAfterSeconds: 5 },
};

export interface ErrorResponse {
  readonly status: ContentfulStatusCode;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Any failure as the API answers it: status, `{ error: { code, message, requestId } }` and the headers that go with the
 * status (Retry-After in seconds, WWW-Authenticate, Allow). Unknown failures become INTERNAL; 5xx say nothing of the
 * cause, which is the log's.
 */
export const toErrorResponse = (error: unknown, requestId: string): ErrorResponse => {
  const known = toSulcusError(error, 'INTERNAL', 'unknown failure');
  const listed = ERROR_TABLE[known.code];
  const code: ErrorCode = listed === undefined ? 'INTERNAL' : known.code;
  const { status, message = known.message, retryAfterSeconds } = listed ?? INTERNAL;
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(known.details.retryAfterSeconds ?? retryAfterSeconds);
  }
  if (code === 'UNAUTHORIZED') headers['www-authenticate'] = 'Bearer realm="sulcus"';
  if (code === 'METHOD_NOT_ALLOWED' && known.details.allow !== undefined) headers.allow = String(known.details.allow);
  return { status, body: { error: { code, message, requestId } }, headers };
};
