import type { ScanEvent } from './event-contract';
import type { EventBus, Logger } from './ports';
import { toScanEvent } from './scan-event';
import type { ScanRecord, Tombstone } from './scan-record';

/** What a change of the table made of a scan, in the order of the stream. */
export interface ResultChange {
  /** Where it stands in the stream. */
  readonly position: string;
  readonly stored: ScanRecord | Tombstone;
}

export interface PublishResultsDeps {
  readonly bus: EventBus;
  readonly logger: Logger;
}

/**
 * Publishes an event for every change that made a result final.
 * @returns position of the first change whose event the bus did not take: from there on the stream must come again
 */
export const publishResults = async (
  { bus, logger }: PublishResultsDeps,
  changes: readonly ResultChange[],
): Promise<string | undefined> => {
  const found: { position: string; event: ScanEvent }[] = [];
  for (const { position, stored } of changes) {
    const event = await toScanEvent(stored);
    if (event !== undefined) found.push({ position, event });
  }
  if (found.length === 0) return undefined;
  const taken = await bus.publish(found.map(({ event }) => event));
  for (const [index, { event }] of found.entries()) {
    const { eventId, scanId, state } = event;
    if (taken[index]) logger.info('event published', { eventId, scanId, state });
  }
  return found.find((_, index) => !taken[index])?.position;
};
