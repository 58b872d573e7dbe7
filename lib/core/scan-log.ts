import type { AbstainReason, ModelReference, Timings } from './contract';
import { isSulcusError } from './errors';
import type { Logger } from './ports';

/** Runs the model on one scan and logs the one summary line: ids, times and an outcome; never names, keys or bytes. */
export const logScan = async <
  Result extends {
    readonly model: ModelReference;
    readonly timings: Timings;
    readonly abstainReason?: AbstainReason | null;
  },
>(
  logger: Logger,
  scanId: string,
  work: () => Promise<Result>,
  outcome: 'classified' | 'extracted' = 'classified',
): Promise<Result> => {
  try {
    const result = await work();
    const { decodeMs, preprocessMs, inferenceMs } = result.timings;
    const modelDigest = result.model.digest;
    const { abstainReason } = result;
    const abstaining = abstainReason === undefined ? {} : { abstained: abstainReason !== null, abstainReason };
    logger.info('scan', { scanId, outcome, modelDigest, decodeMs, preprocessMs, inferenceMs, ...abstaining });
    return result;
  } catch (error) {
    logger.info('scan', { scanId, outcome: isSulcusError(error) ? error.code : 'INTERNAL' });
    throw error;
  }
};
