import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHandler as createDeliverWebhook } from '../../functions/deliver-webhook/handler';
import { createHandler as createPublishResults } from '../../functions/publish-results/handler';
import { writtenAsStreamEvent } from '../adapters/dynamodb';
import { assertWebhookUrl, createWebhookSender } from '../adapters/webhook';
import { webhookMessage } from '../adapters/webhook-queue';
import { WEBHOOK_ATTEMPTS } from '../core/deliver-webhook';
import type { ScanEvent } from '../core/event-contract';
import type { Logger, ResultStore } from '../core/ports';
import type { ScanRecord, Tombstone } from '../core/scan-record';
import type { DeadLetters } from './dead-letters';
import type { Outbox } from './outbox';

export interface WebhookSettings {
  readonly url: string;
  readonly secret: string;
}

export interface WebhooksOptions extends WebhookSettings {
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  /** A scan as it is stored now, as the table's stream would show it. */
  readonly readAsStreamEvent: (scanId: string) => Promise<object | undefined>;
  readonly logger: Logger;
  readonly now: () => number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** Of a second of the delays that AWS has. @default 1000 */
  readonly secondMs?: number;
}

const PUBLISH_RETRY_MS = 1_000;

/**
 * The stream, event bus, queue and dead letters of AWS on a laptop, for one webhook: the functions of AWS, called with
 * their events. A result's intent is on disk before the result is, so that no crash between the two loses its event;
 * what comes twice has the same id.
 */
export const createWebhooks = (options: WebhooksOptions) => {
  const { url, secret, outbox, deadLetters, readAsStreamEvent, logger, now, signal, secondMs = 1_000 } = options;
  // Who starts a server on this machine may send to this machine.
  const rules = { allowPrivate: true };
  const delays = new Map<string, number>();
  const deliver = createDeliverWebhook({
    url: assertWebhookUrl(url, rules).href,
    send: createWebhookSender(rules),
    secret: async () => secret,
    retryLater: async (receiptHandle, delaySeconds) => void delays.set(receiptHandle, delaySeconds),
    logger,
    now,
  });

  const wait = async (delayMs: number): Promise<boolean> =>
    sleep(delayMs, true, { signal, ref: false }).catch(() => false);

  /** One message of the queue until it is delivered, dead, or the server stops. */
  const send = async (eventId: string, body: string): Promise<void> => {
    for (let receives = 1; !signal.aborted; receives += 1) {
      const record = sqsRecord(eventId, body, receives, now());
      const { batchItemFailures } = await deliver(JSON.parse(JSON.stringify({ Records: [record] })));
      if (batchItemFailures.length === 0) return outbox.remove(eventId);
      if (receives >= WEBHOOK_ATTEMPTS) {
        await deadLetters.put(eventId, record);
        return outbox.remove(eventId);
      }
      if (!(await wait((delays.get(eventId) ?? 30) * secondMs))) return;
    }
  };
  const sending = new Set<string>();
  const start = (eventId: string, body: string): void => {
    if (sending.has(eventId)) return;
    sending.add(eventId);
    send(eventId, body)
      .catch((error: unknown) => logger.error('a webhook was left for the next start', error, { eventId }))
      .finally(() => sending.delete(eventId));
  };

  const publish = createPublishResults({
    logger,
    bus: {
      publish: async (events) => {
        for (const event of events) await enqueue(event);
        return events.map(() => true);
      },
    },
  });
  const enqueue = async (event: ScanEvent): Promise<void> => {
    const message = webhookMessage(event, now());
    await outbox.put(event.eventId, message);
    start(event.eventId, message);
  };

  /** Publishes what was written, or what is found of a scan, however often that takes; then its intent is done with. */
  const publishScan = async (scanId: string, written?: ScanRecord): Promise<void> => {
    for (;;) {
      try {
        const event = written ? writtenAsStreamEvent(written, now()) : await readAsStreamEvent(scanId);
        if (event !== undefined) await publish(JSON.parse(JSON.stringify(event)));
        return await outbox.settle(scanId);
      } catch (error) {
        logger.error('a result could not be published yet', error, { scanId });
      }
      if (!(await wait(PUBLISH_RETRY_MS))) return;
    }
  };

  /** Whoever wrote what is there publishes it; of a write that failed nobody knows, so what is there is looked at. */
  const intended = async <Answer>(
    record: ScanRecord,
    write: () => Promise<Answer>,
    isWritten: (answer: Answer) => boolean,
  ): Promise<Answer> => {
    if (record.state === 'pending') return write();
    await outbox.intend(record.scanId);
    const answer = await write().catch((error: unknown) => {
      void publishScan(record.scanId);
      throw error;
    });
    if (isWritten(answer)) void publishScan(record.scanId, record);
    else await outbox.settle(record.scanId);
    return answer;
  };

  return {
    /** The store, every final result of which is published. */
    publishing: (results: ResultStore): ResultStore => ({
      ...results,
      createOnce: (record) =>
        intended<ScanRecord | Tombstone>(
          record,
          () => results.createOnce(record),
          (stored) => stored === record,
        ),
      recordEvent: (record) =>
        intended(
          record,
          () => results.recordEvent(record),
          (outcome) => outcome === 'stored',
        ),
    }),
    /** Takes up what an earlier server left. */
    resume: async (): Promise<void> => {
      const { scanIds, messages } = await outbox.left();
      for (const { eventId, message } of messages) start(eventId, message);
      for (const scanId of scanIds) void publishScan(scanId);
    },
  };
};

const sqsRecord = (eventId: string, body: string, receives: number, now: number) => ({
  messageId: randomUUID(),
  receiptHandle: eventId,
  body,
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: String(now),
    SenderId: 'events.amazonaws.com',
    ApproximateFirstReceiveTimestamp: String(now),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:webhooks',
  awsRegion: 'local',
});
