import { Logger as Powertools } from '@aws-lambda-powertools/logger';
import type { Logger } from '../../core/ports';

/** The Logger port on Powertools: one JSON line per call on stdout, with Lambda's request context where there is one. */
export const createLogger = (serviceName: string): Logger => {
  const powertools = new Powertools({ serviceName });
  return {
    info: (message, fields = {}) => powertools.info(message, { ...fields }),
    warn: (message, fields = {}) => powertools.warn(message, { ...fields }),
    error: (message, error, fields = {}) =>
      powertools.error(message, { ...fields, error: error instanceof Error ? error : new Error(String(error)) }),
  };
};
