import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE, EVENT_TYPES, type ScanEvent } from '../../core/event-contract';
import type { EventBus, Logger } from '../../core/ports';

/** PutEvents takes 10 entries of 256 kB in all; a result of 20 labels has 3 kB. */
const BATCH = 10;

export interface EventBusOptions {
  readonly client?: Pick<EventBridgeClient, 'send'>;
  /** Name or ARN. */
  readonly busName: string;
  readonly logger: Logger;
}

/** Events of scans on an EventBridge bus: source `sulcus`, detail-type by state, detail as scanEventSchema has it. */
export const createEventBus = ({ client = new EventBridgeClient(), busName, logger }: EventBusOptions): EventBus => {
  const putBatch = async (events: readonly ScanEvent[]): Promise<boolean[]> => {
    const command = new PutEventsCommand({
      Entries: events.map((event) => ({
        EventBusName: busName,
        Source: EVENT_SOURCE,
        DetailType: EVENT_TYPES[event.state].detailType,
        Detail: JSON.stringify(event),
      })),
    });
    try {
      const { Entries = [] } = await client.send(command);
      // Answers stand where their entries stood; one with an error code was not taken.
      return events.map((_, index) => Entries[index] !== undefined && Entries[index].ErrorCode === undefined);
    } catch (error) {
      logger.error('expected the event bus to take events, received a failure', error, { events: events.length });
      return events.map(() => false);
    }
  };
  return {
    publish: async (events) => {
      const taken: boolean[] = [];
      for (let start = 0; start < events.length; start += BATCH) {
        // Behind a failure nothing is sent: the stream comes again from there, in order.
        const inOrder = taken.every(Boolean);
        const batch = events.slice(start, start + BATCH);
        taken.push(...(inOrder ? await putBatch(batch) : batch.map(() => false)));
      }
      return taken;
    },
  };
};
