import type { SQSEvent, SQSRecord } from 'aws-lambda';

/** What SQS does with messages: hides those received, hands them out again later, gives up after too many receives. */
export interface IngestQueue {
  send(message: SQSRecord): void;
  /** Up to `count` visible messages; undefined when there is none now. */
  receive(count: number): SQSEvent | undefined;
  /** Those of a batch that are done: all but the failures. */
  settle(event: SQSEvent, failures: readonly string[]): void;
  /** Messages that are neither done nor given up. */
  remaining(): number;
  readonly counts: { receives: number; redeliveries: number; deadLetters: number };
}

interface Waiting {
  readonly message: SQSRecord;
  receives: number;
  visibleAt: number;
}

export const createIngestQueue = (visibilityMs: number, maxReceiveCount: number): IngestQueue => {
  /** In the order in which they come up. */
  const waiting = new Map<string, Waiting>();
  const counts = { receives: 0, redeliveries: 0, deadLetters: 0 };
  return {
    counts,
    send: (message) => {
      waiting.set(message.messageId, { message, receives: 0, visibleAt: 0 });
    },
    receive: (count) => {
      const now = Date.now();
      const records: SQSRecord[] = [];
      for (const [id, entry] of waiting) {
        if (records.length === count) break;
        if (entry.visibleAt > now) continue;
        if (entry.receives === maxReceiveCount) {
          waiting.delete(id);
          counts.deadLetters += 1;
          continue;
        }
        entry.receives += 1;
        entry.visibleAt = now + visibilityMs;
        counts.receives += 1;
        if (entry.receives > 1) counts.redeliveries += 1;
        const attributes = { ...entry.message.attributes, ApproximateReceiveCount: String(entry.receives) };
        records.push({ ...entry.message, attributes });
      }
      return records.length === 0 ? undefined : { Records: records };
    },
    settle: (event, failures) => {
      for (const { messageId } of event.Records) {
        const entry = waiting.get(messageId);
        if (!failures.includes(messageId)) waiting.delete(messageId);
        else if (entry !== undefined) entry.visibleAt = 0;
      }
    },
    remaining: () => waiting.size,
  };
};
