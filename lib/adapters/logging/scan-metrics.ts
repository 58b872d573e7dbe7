import { Metrics } from '@aws-lambda-powertools/metrics';
import type { LogFields } from '../../core/ports';
import { METRICS } from '../../topology';

/** Codes that say something about the file; every other code is a failure of ours. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'rejected',
  'IMAGE_TOO_LARGE',
  'UNSUPPORTED_IMAGE',
  'UNREADABLE_IMAGE',
  'MODEL_HAS_NO_LABELS',
]);

/** Outcomes that led to no result: the scan comes again, was there before, or is gone. */
const NONE: ReadonlySet<unknown> = new Set(['extracted', 'retry', 'kept', 'deleted']);

type Amount = readonly [name: string, unit: 'Count' | 'Milliseconds', value: number];

const time = (name: string, value: LogFields[string]): Amount[] =>
  typeof value === 'number' ? [[name, 'Milliseconds', value]] : [];

const counted = ({ outcome, abstained, decodeMs, inferenceMs }: LogFields): readonly Amount[] => {
  if (NONE.has(outcome)) return [];
  if (outcome !== 'classified') return [[REFUSALS.has(outcome) ? METRICS.rejected : METRICS.failed, 'Count', 1]];
  return [
    [METRICS.classified, 'Count', 1],
    [METRICS.abstained, 'Count', abstained === true ? 1 : 0],
    ...time(METRICS.decodeMs, decodeMs),
    ...time(METRICS.inferenceMs, inferenceMs),
  ];
};

/**
 * What a scan's log line carries so that CloudWatch counts it: Powertools' embedded metrics, in the line itself and not
 * in a second one. The dimension is the logger's own `service`.
 */
export const createScanMetrics = (): ((fields: LogFields) => Readonly<Record<string, unknown>>) => {
  const metrics = new Metrics({ namespace: METRICS.namespace, serviceName: METRICS.service });
  return (fields) => {
    const amounts = counted(fields);
    if (amounts.length === 0) return {};
    for (const [name, unit, value] of amounts) metrics.addMetric(name, unit, value);
    const { service: _, ...line } = metrics.serializeMetrics() as Record<string, unknown>;
    metrics.clearMetrics();
    return line;
  };
};
