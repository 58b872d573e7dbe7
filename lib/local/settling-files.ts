import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { isObjectKey } from '../adapters/folder';
import { hasEndMarker } from './file-completeness';
import { type SeenFile, seenFile } from './watch-folder';

export interface SettlingFilesOptions {
  readonly root: string;
  readonly onSettled: (file: SeenFile, initial: boolean) => void;
  readonly now: () => number;
  /** Milliseconds without a change after which a file with its end marker is whole. @default 300 */
  readonly markedMs?: number;
  /** And one without. @default 4000 */
  readonly unmarkedMs?: number;
}

export interface SettlingFiles {
  /** A file that has appeared or changed. */
  add(file: SeenFile, initial: boolean): void;
  remove(key: string): void;
  close(): void;
}

interface Candidate {
  readonly file: SeenFile;
  readonly initial: boolean;
  readonly changedAt: number;
  readonly dueAt: number;
}

const TICK_MS = 50;
const CONCURRENT_CHECKS = 8;

/**
 * Waits until files are whole. Nothing tells when a copy ends, so a file counts as whole when it has not changed for a
 * moment and ends as its format must, or when it has not changed for some seconds.
 */
export const createSettlingFiles = (options: SettlingFilesOptions): SettlingFiles => {
  const { root, onSettled, now, markedMs = 300, unmarkedMs = 4_000 } = options;
  const candidates = new Map<string, Candidate>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const check = async (key: string, candidate: Candidate): Promise<void> => {
    const { file, initial, changedAt } = candidate;
    const replace = (next: Candidate | undefined): void => {
      // Whatever came in meanwhile is newer than what was looked at.
      if (candidates.get(key) !== candidate) return;
      if (next === undefined) candidates.delete(key);
      else candidates.set(key, next);
    };
    const stats = await lstat(path.join(root, key)).catch(() => undefined);
    if (stats === undefined || !isObjectKey(key)) return replace(undefined);
    if (stats.size !== file.sizeBytes || stats.mtimeMs !== file.mtimeMs) {
      return replace({ file: seenFile(key, stats), initial: false, changedAt: now(), dueAt: now() + markedMs });
    }
    // A file that cannot be opened just now (Windows locks those being written) is asked again.
    const quietMs = now() - changedAt;
    const whole = quietMs >= unmarkedMs || (quietMs >= markedMs && (await hasEndMarker(root, key).catch(() => false)));
    if (!whole) {
      return replace({ ...candidate, dueAt: quietMs < markedMs ? changedAt + markedMs : changedAt + unmarkedMs });
    }
    if (candidates.get(key) === candidate) {
      candidates.delete(key);
      onSettled(file, initial);
    }
  };

  const tick = async (): Promise<void> => {
    const due = [...candidates].filter(([, { dueAt }]) => dueAt <= now());
    for (let index = 0; index < due.length && !closed; index += CONCURRENT_CHECKS) {
      const group = due.slice(index, index + CONCURRENT_CHECKS);
      await Promise.all(group.map(([key, candidate]) => check(key, candidate)));
    }
    timer = undefined;
    schedule();
  };

  const schedule = (): void => {
    if (closed || timer !== undefined || candidates.size === 0) return;
    timer = setTimeout(() => void tick(), TICK_MS);
  };

  return {
    add: (file, initial) => {
      // What lay there at the start is as old as it says; of what happens now only our own clock is sure.
      const changedAt = initial ? Math.min(now(), Math.max(file.mtimeMs, file.ctimeMs)) : now();
      candidates.set(file.key, { file, initial, changedAt, dueAt: changedAt + markedMs });
      schedule();
    },
    remove: (key) => void candidates.delete(key),
    close: () => {
      closed = true;
      clearTimeout(timer);
      candidates.clear();
    },
  };
};
