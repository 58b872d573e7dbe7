import { SulcusError } from '../../core/errors';
import type { ResultObjects } from '../../core/ports';
import { toScanResult } from '../../core/scan-record';
import { RESULT_SUFFIX } from '../../topology';
import { openObject } from './object-path';
import type { FolderScanStore } from './scan-store';

/** Far more than a result of a thousand labels takes, of which the top 20 are kept. */
const MAX_BYTES = 1_000_000;

/** True for text that one of our results could be. */
const isResult = (text: string): boolean => {
  try {
    return typeof (JSON.parse(text) as { scanId?: unknown } | null)?.scanId === 'string';
  } catch {
    return false;
  }
};

/** True when nothing of somebody else's is in the way. */
const isOurs = async (root: string, key: string): Promise<boolean> => {
  try {
    const handle = await openObject(root, key);
    const text = await handle.readFile('utf8').finally(() => handle.close());
    return isResult(text);
  } catch (error) {
    if ((error as SulcusError).code === 'SCAN_NOT_FOUND') return true;
    throw new SulcusError('STORE_UNAVAILABLE', 'expected to read a result in the scan folder, received a failure', {
      cause: error,
    });
  }
};

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** Results beside their scans in the folder. One queue hands in the newest content of a key, so none comes late. */
export const createFolderResultObjects = (root: string, scans: Pick<FolderScanStore, 'write'>): ResultObjects => ({
  put: async (record) => {
    if (record.source.key === null) return;
    const key = `${record.source.key}${RESULT_SUFFIX}`;
    if (!(await isOurs(root, key))) return;
    await scans.write(key, once(`${JSON.stringify(toScanResult(record))}\n`), MAX_BYTES);
  },
});
