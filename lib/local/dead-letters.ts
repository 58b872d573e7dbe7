import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SQSRecord } from 'aws-lambda';
import type { Logger } from '../core/ports';
import { writePrivateFile } from './private-files';

/** The dead-letter queue: one file a scan, the message as it was last received. */
export interface DeadLetters {
  put(scanId: string, message: SQSRecord): Promise<void>;
  /** For a scan that has been recorded after all. */
  remove(scanId: string): Promise<void>;
}

/** Never throws: the table says `failed` already, and the file itself is handed in again at the next start. */
export const openDeadLetters = async (folder: string, logger: Logger): Promise<DeadLetters> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const present = new Set((await readdir(folder)).map((name) => path.parse(name).name));
  const fileOf = (scanId: string): string => path.join(folder, `${scanId}.json`);
  return {
    put: async (scanId, message) => {
      try {
        await writePrivateFile(fileOf(scanId), `${JSON.stringify(message, null, 2)}\n`);
        present.add(scanId);
      } catch (error) {
        logger.error('a dead letter could not be written', error, { scanId });
      }
    },
    remove: async (scanId) => {
      if (!present.delete(scanId)) return;
      await rm(fileOf(scanId), { force: true }).catch(() => undefined);
    },
  };
};
