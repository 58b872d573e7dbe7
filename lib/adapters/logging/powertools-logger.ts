import { Logger as Powertools } from '@aws-lambda-powertools/logger';
import type { LogFields, Logger } from '../../core/ports';
import { METRICS } from '../../topology';
import { createScanMetrics } from './scan-metrics';

/**
 * The Logger port on Powertools: one JSON line per call on stdout, with Lambda's request context where there is one.
 * Lines about a scan carry its metrics.
 * @param functionName which function speaks; the service is Sulcus, one for all metrics
 */
export const createLogger = (functionName: string): Logger => {
  const powertools = new Powertools({ serviceName: METRICS.service, persistentKeys: { function: functionName } });
  const metricsOf = createScanMetrics();
  const withMetrics = (message: string, fields: LogFields) =>
    message === METRICS.line ? { ...fields, ...metricsOf(fields) } : { ...fields };
  return {
    info: (message, fields = {}) => powertools.info(message, withMetrics(message, fields)),
    warn: (message, fields = {}) => powertools.warn(message, { ...fields }),
    error: (message, error, fields = {}) =>
      powertools.error(message, {
        ...withMetrics(message, fields),
        error: error instanceof Error ? error : new Error(String(error)),
      }),
  };
};
