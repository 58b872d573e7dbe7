import { SulcusError } from './errors';
import type { EventBus, ResultStore } from './ports';
import { toScanEvent } from './scan-event';

export interface RepublishDeps {
  readonly results: Pick<ResultStore, 'list'>;
  readonly bus: EventBus;
}

export interface RepublishRange {
  /** ISO times of the scans' creation, both included. */
  readonly from: string;
  readonly to?: string;
}

const PAGE = 100;

/**
 * Publishes the events of results that are stored, newest first, with the ids that they had.
 * @param onProgress told how many there are so far
 * @returns how many
 * @throws STORE_UNAVAILABLE when the bus does not take one, naming the last that it may not have taken
 */
export const republishResults = async (
  { results, bus }: RepublishDeps,
  { from, to }: RepublishRange,
  onProgress: (published: number) => void = () => {},
): Promise<number> => {
  let published = 0;
  let cursor: string | undefined;
  do {
    const { records, nextCursor } = await results.list({ from, to }, PAGE, cursor);
    const events = (await Promise.all(records.map(toScanEvent))).filter((event) => event !== undefined);
    const taken = await bus.publish(events);
    const missed = events.find((_, index) => !taken[index]);
    published += taken.filter(Boolean).length;
    if (missed !== undefined) {
      throw new SulcusError(
        'STORE_UNAVAILABLE',
        `expected the event bus to take all events, received a failure after ${published}: go on with --to ${missed.createdAt}`,
      );
    }
    onProgress(published);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  return published;
};
