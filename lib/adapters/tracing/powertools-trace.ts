import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Trace } from '../../core/ports';
import { METRICS } from '../../topology';

/**
 * The Trace port on Powertools: parts of X-Ray traces that Lambda began, where they are sampled. Parts have a name, a
 * time and whether they failed, and nothing else: the clients of AWS that X-Ray can watch by itself would tell it keys
 * of objects, and errors their messages.
 */
export const createTrace = (): Trace => {
  const tracer = new Tracer({ serviceName: METRICS.service, captureHTTPsRequests: false });
  return async (name, work) => {
    const part = tracer.isTraceSampled() ? tracer.getSegment()?.addNewSubsegment(name) : undefined;
    try {
      return await work();
    } catch (error) {
      part?.addFaultFlag();
      throw error;
    } finally {
      part?.close();
    }
  };
};
