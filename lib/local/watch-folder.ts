import { type FSWatcher, type Stats, watch } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObjectKey, keyOfPath } from '../adapters/folder';
import type { Logger } from '../core/ports';
import { isIgnored, type SeenFile, seenFile } from './seen-file';

export { type SeenFile, seenFile } from './seen-file';

export interface FolderWatchOptions {
  readonly root: string;
  /** A file that is new or has changed. `initial` for those found before `ready`. */
  readonly onFile: (file: SeenFile, initial: boolean) => void;
  readonly onGone: (key: string) => void;
  readonly logger: Logger;
  /** @default 5000 */
  readonly rescanMs?: number;
}

export interface FolderWatch {
  /** Settles when every file that was there at the start has been seen. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** On these one watch covers a tree; Linux has none, and Node's stand-in there watches every single file. */
const WATCHES_TREES = process.platform === 'darwin' || process.platform === 'win32';

/** Lets the events of one burst come together. */
const COALESCE_MS = 25;
const CONCURRENT_STATS = 8;
/** A scan of the tree may take this share of the time. */
const RESCAN_SHARE = 20;

/**
 * Reports every plain file below a folder, now and whenever one changes. The system's events are only hints at which
 * path to look; a scan of the tree every few seconds finds what they miss (network drives, exhausted watches). One
 * watch a folder: chokidar takes one a file, which for 20,000 files cost 110 MB, 1.4 s and, where the system's limit of
 * watches is low, all further events.
 */
export const watchFolder = (options: FolderWatchOptions): FolderWatch => {
  const { root, onFile, onGone, logger, rescanMs = 5_000 } = options;
  const known = new Map<string, { sizeBytes: number; mtimeMs: number }>();
  const watchers = new Map<string, FSWatcher>();
  const hints = new Set<string>();
  let closed = false;
  let initial = true;
  let treeDueAt = 0;
  let wake: () => void = () => undefined;
  let unwatched = false;

  const hint = (relativePath: string): void => {
    hints.add(relativePath);
    wake();
  };

  const watchOne = (folder: string): void => {
    if (closed || watchers.has(folder) || (WATCHES_TREES && folder !== '')) return;
    const unwatch = (error: unknown): void => {
      watchers.get(folder)?.close();
      watchers.delete(folder);
      treeDueAt = 0;
      if (!unwatched && (error as NodeJS.ErrnoException).code !== 'ENOENT') {
        logger.warn('a folder cannot be watched; new scans are found by looking every few seconds');
        unwatched = true;
      }
    };
    try {
      const watcher = watch(path.join(root, folder), { recursive: WATCHES_TREES });
      watchers.set(folder, watcher);
      watcher.on('change', (_, name) => hint(name === null ? folder : path.join(folder, String(name))));
      watcher.on('error', unwatch);
    } catch (error) {
      unwatch(error);
    }
  };

  const report = (relativePath: string, stats: Stats, seen?: Set<string>): void => {
    const key = keyOfPath(relativePath);
    if (closed || !isObjectKey(key)) return;
    seen?.add(key);
    const before = known.get(key);
    if (before?.sizeBytes === stats.size && before.mtimeMs === stats.mtimeMs) return;
    known.set(key, { sizeBytes: stats.size, mtimeMs: stats.mtimeMs });
    onFile(seenFile(key, stats), initial);
  };

  const forget = (key: string): void => {
    if (known.delete(key)) onGone(key);
  };

  const look = async (relativePath: string, seen?: Set<string>): Promise<void> => {
    if (closed || isIgnored(relativePath)) return;
    try {
      const stats = await lstat(path.join(root, relativePath));
      if (stats.isFile()) report(relativePath, stats, seen);
      else if (stats.isDirectory() && seen === undefined) await walk(relativePath);
    } catch {
      // Gone between the hint and the look: a file is forgotten now, what was in a folder by the next scan of the tree.
      forget(keyOfPath(relativePath));
      if (watchers.has(relativePath)) unwatchTree(relativePath);
    }
  };

  /** A watch follows its folder to a new name and would go on to report the old one. */
  const unwatchTree = (folder: string): void => {
    for (const [watched, watcher] of watchers) {
      if (watched !== folder && !watched.startsWith(folder + path.sep)) continue;
      watcher.close();
      watchers.delete(watched);
    }
    treeDueAt = 0;
  };

  const walk = async (folder: string, seen?: Set<string>): Promise<void> => {
    watchOne(folder);
    const entries = await opendir(path.join(root, folder)).catch(() => undefined);
    if (entries === undefined) return;
    let looks: Promise<void>[] = [];
    for await (const entry of entries) {
      const relativePath = path.join(folder, entry.name);
      if (closed || isIgnored(entry.name)) continue;
      if (entry.isDirectory()) await walk(relativePath, seen);
      else if (entry.isFile()) looks.push(look(relativePath, seen ?? new Set()));
      if (looks.length < CONCURRENT_STATS) continue;
      await Promise.all(looks);
      looks = [];
    }
    await Promise.all(looks);
  };

  const walkTree = async (): Promise<void> => {
    const start = Date.now();
    const seen = new Set<string>();
    await walk('', seen);
    if (closed) return;
    for (const key of known.keys()) if (!seen.has(key)) forget(key);
    treeDueAt = Date.now() + Math.max(rescanMs, RESCAN_SHARE * (Date.now() - start));
  };

  const lookAtHints = async (): Promise<void> => {
    const paths = [...hints];
    hints.clear();
    for (let index = 0; index < paths.length; index += CONCURRENT_STATS) {
      await Promise.all(paths.slice(index, index + CONCURRENT_STATS).map((relativePath) => look(relativePath)));
    }
  };

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (started: () => void): Promise<void> => {
    await walkTree();
    initial = false;
    started();
    while (!closed) {
      if (hints.size === 0) await rest(Math.max(0, treeDueAt - Date.now()));
      if (!closed && hints.size > 0) await sleep(COALESCE_MS);
      await lookAtHints();
      if (!closed && Date.now() >= treeDueAt) await walkTree();
    }
  };

  let running: Promise<void> = Promise.resolve();
  const ready = new Promise<void>((resolve) => {
    running = run(resolve);
  });
  return {
    ready,
    close: async () => {
      closed = true;
      wake();
      for (const watcher of watchers.values()) watcher.close();
      await running;
    },
  };
};
