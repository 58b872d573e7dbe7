import type { LogFields, Logger } from '../../lib/core/ports';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
  readonly error?: unknown;
}

export interface LogRecorder extends Logger {
  readonly lines: LogLine[];
}

/** A Logger that keeps what it is told. */
export const createLogRecorder = (): LogRecorder => {
  const lines: LogLine[] = [];
  return {
    lines,
    info: (message, fields = {}) => void lines.push({ level: 'info', message, fields }),
    warn: (message, fields = {}) => void lines.push({ level: 'warn', message, fields }),
    error: (message, error, fields = {}) => void lines.push({ level: 'error', message, fields, error }),
  };
};
