/**
 * Every failure the product can name. Core knows codes; each edge (HTTP, S3 event, CLI) maps them in one table.
 * A `retryable` error may succeed later: the upload trigger throws it back to the queue, HTTP answers 5xx.
 */
const RETRYABLE = {
  INVALID_REQUEST: false,
  UNAUTHORIZED: false,
  ROUTE_NOT_FOUND: false,
  METHOD_NOT_ALLOWED: false,
  QUOTA_EXCEEDED: true,
  SCAN_NOT_FOUND: false,
  MODEL_NOT_FOUND: false,
  MODEL_HAS_NO_LABELS: false,
  MODEL_HAS_NO_FEATURES: false,
  IDEMPOTENCY_KEY_REUSED: false,
  IMAGE_TOO_LARGE: false,
  UNSUPPORTED_IMAGE: false,
  UNREADABLE_IMAGE: false,
  STORE_UNAVAILABLE: true,
  MODEL_UNAVAILABLE: true,
  INFERENCE_FAILED: true,
  WEBHOOK_UNDELIVERED: true,
  INTERNAL: true,
  CONFIG_INVALID: false,
  CHECKPOINT_INVALID: false,
  ARCHITECTURE_UNSUPPORTED: false,
  PARITY_EXCEEDED: false,
} as const;

export type ErrorCode = keyof typeof RETRYABLE;

/** A symbol survives Jest's realms and bundles that hold two copies of this module; `instanceof` does not. */
const BRAND = Symbol.for('sulcus.error');

export interface SulcusErrorOptions {
  /** The failure underneath; it goes to the log, never into a response. */
  cause?: unknown;
  /** Facts for the log or the caller; never header values, file names or pixels. */
  details?: Readonly<Record<string, string | number | boolean>>;
}

/** The one error class. Message grammar: "expected X for Y, received Z". */
export class SulcusError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, options: SulcusErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'SulcusError';
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.details = options.details ?? {};
  }
}

/** True for an error of ours from any realm or bundle. */
export const isSulcusError = (error: unknown): error is SulcusError =>
  typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;

/** The error itself when it is ours, otherwise a new one of the given code with the original as its cause. */
export const toSulcusError = (error: unknown, code: ErrorCode, message: string): SulcusError =>
  isSulcusError(error) ? error : new SulcusError(code, message, { cause: error });
