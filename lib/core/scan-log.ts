import type { ModelReference, Timings } from './contract';
import { isSulcusError } from './errors';
import type { Logger } from './ports';

/** Runs the model on one scan and logs the one summary line: ids, times and an outcome; never names, keys or bytes. */
export const logScan = async <Result extends { readonly model: ModelReference; readonly timings: Timings }>(
  logger: Logger,
  scanId: string,
  work: () => Promise<Result>,
  outcome: 'classified' | 'extracted' = 'classified',
): Promise<Result> => {
  try {
    const result = await work();
    const { decodeMs, preprocessMs, inferenceMs } = result.timings;
    const modelDigest = result.model.digest;
    logger.info('scan', { scanId, outcome, modelDigest, decodeMs, preprocessMs, inferenceMs });
    return result;
  } catch (error) {
    logger.info('scan', { scanId, outcome: isSulcusError(error) ? error.code : 'INTERNAL' });
    throw error;
  }
};
