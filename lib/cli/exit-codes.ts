import type { ErrorCode } from '../core/errors';
import { isSulcusError } from '../core/errors';

/** The CLI's edge table. 0: all done. 1: something was not classified or failed. 2: the command line is wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const exitCodes: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  MODEL_HAS_NO_LABELS: EXIT.usage,
  MODEL_HAS_NO_FEATURES: EXIT.usage,
  CHECKPOINT_INVALID: 3,
  ARCHITECTURE_UNSUPPORTED: 4,
  PARITY_EXCEEDED: 5,
  MODEL_UNAVAILABLE: 6,
  STORE_UNAVAILABLE: 7,
};

export const exitCodeOf = (error: unknown): number =>
  isSulcusError(error) ? (exitCodes[error.code] ?? EXIT.failed) : EXIT.failed;

/** One line for a person: code and message of ours with the innermost cause, or what an unknown error says. */
export const describeError = (error: unknown): string => {
  if (!isSulcusError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  let cause: unknown = error.cause;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return `${error.code}: ${error.message}${cause instanceof Error ? ` (${cause.message})` : ''}`;
};
