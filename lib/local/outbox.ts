import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { readPrivateFile, writePrivateFile } from './private-files';

/**
 * What is to be published and delivered, on disk: `<scanId>.intent` from before a result is written until its event is
 * there, `<eventId>.json` from then until the event is delivered. Whatever a killed server leaves behind is either.
 */
export interface Outbox {
  intend(scanId: string): Promise<void>;
  /** When the event of the result is safely here, or there is none. */
  settle(scanId: string): Promise<void>;
  put(eventId: string, message: string): Promise<void>;
  remove(eventId: string): Promise<void>;
  /** What an earlier server left; its intents are to be settled too. */
  left(): Promise<{ readonly scanIds: string[]; readonly messages: { eventId: string; message: string }[] }>;
}

const INTENT = '.intent';
const MESSAGE = '.json';

export const openOutbox = async (folder: string): Promise<Outbox> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const intentOf = (scanId: string): string => path.join(folder, scanId + INTENT);
  const messageOf = (eventId: string): string => path.join(folder, eventId + MESSAGE);
  const intents = new Map<string, number>();
  return {
    intend: async (scanId) => {
      intents.set(scanId, (intents.get(scanId) ?? 0) + 1);
      const handle = await open(intentOf(scanId), 'a', 0o600);
      await handle.close();
    },
    settle: async (scanId) => {
      const left = (intents.get(scanId) ?? 1) - 1;
      if (left > 0) {
        intents.set(scanId, left);
        return;
      }
      intents.delete(scanId);
      await rm(intentOf(scanId), { force: true });
    },
    put: (eventId, message) => writePrivateFile(messageOf(eventId), message),
    remove: (eventId) => rm(messageOf(eventId), { force: true }),
    left: async () => {
      const names = await readdir(folder);
      const namesWith = (suffix: string): string[] =>
        names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
      const messages: { eventId: string; message: string }[] = [];
      for (const eventId of namesWith(MESSAGE)) {
        const message = await readPrivateFile(messageOf(eventId));
        if (message !== undefined) messages.push({ eventId, message });
      }
      const scanIds = namesWith(INTENT);
      for (const scanId of scanIds) intents.set(scanId, (intents.get(scanId) ?? 0) + 1);
      return { scanIds, messages };
    },
  };
};
