import type { LimitStore, LimitWindow } from './ports';

/** How long a window is taken for used up without asking: another function may have handed one back meanwhile. */
const REMEMBERED_MS = 1_000;

interface Queue {
  /** Settles with the last caller's turn. */
  last: Promise<unknown>;
  /** Times by `performance.now()`. */
  emptyUntil: number;
  failedAt: number;
  failure: unknown;
}

/**
 * Limits asked for one after the other within this process: of callers that come together, those behind the first one
 * refused are refused without a request to the store. So a flood on one key's counter is as many writes as it has scans
 * left, and the counter's partition stays free for them. Exact all the same, as only the store says yes. Callers that
 * wait while the store fails fail with it, instead of each in turn.
 */
export const createLimitGate = (store: LimitStore, now: () => number = () => performance.now()): LimitStore => {
  const queues = new Map<string, Queue>();
  const nameOf = ({ keyId, name }: Pick<LimitWindow, 'keyId' | 'name'>): string => JSON.stringify([keyId, name]);

  const ask = async (queue: Queue, since: number, window: LimitWindow, limit: number): Promise<boolean> => {
    if (queue.emptyUntil > now()) return false;
    if (queue.failedAt > since) throw queue.failure;
    try {
      const taken = await store.take(window, limit);
      if (!taken) queue.emptyUntil = now() + REMEMBERED_MS;
      return taken;
    } catch (error) {
      queue.failedAt = now();
      queue.failure = error;
      throw error;
    }
  };

  return {
    ...store,
    take: async (window, limit) => {
      // Another limit of the same window is another question.
      const name = `${limit} ${nameOf(window)}`;
      const queue = queues.get(name) ?? { last: Promise.resolve(), emptyUntil: 0, failedAt: 0, failure: undefined };
      queues.set(name, queue);
      const since = now();
      const turn = queue.last.then(() => ask(queue, since, window, limit));
      const settled = turn.catch(() => undefined);
      queue.last = settled;
      void settled.then(() => {
        if (queue.last === settled && queue.emptyUntil <= now()) queues.delete(name);
      });
      return turn;
    },
    giveBack: async (window) => {
      await store.giveBack(window);
      for (const [name, queue] of queues) if (name.endsWith(` ${nameOf(window)}`)) queue.emptyUntil = 0;
    },
  };
};
