import type { Classification } from './classify-scan';
import { isSulcusError } from './errors';
import type { Logger } from './ports';

/** Runs one classification and logs its one summary line: ids, times and an outcome; never names, keys or bytes. */
export const logScan = async (
  logger: Logger,
  scanId: string,
  classify: () => Promise<Classification>,
): Promise<Classification> => {
  try {
    const classification = await classify();
    const { decodeMs, preprocessMs, inferenceMs } = classification.timings;
    const modelDigest = classification.model.digest;
    logger.info('scan', { scanId, outcome: 'classified', modelDigest, decodeMs, preprocessMs, inferenceMs });
    return classification;
  } catch (error) {
    logger.info('scan', { scanId, outcome: isSulcusError(error) ? error.code : 'INTERNAL' });
    throw error;
  }
};
