import { z } from 'zod';
import { retryDelaySeconds } from '../../core/deliver-webhook';
import { SulcusError } from '../../core/errors';
import { EVENT_SOURCE, EVENT_TYPES, type ScanEvent, scanEventSchema } from '../../core/event-contract';
import type { Logger } from '../../core/ports';
import type { RetryLater } from './retry-later';

const messageSchema = z.object({
  messageId: z.string().min(1),
  receiptHandle: z.string().min(1),
  body: z.string(),
  attributes: z.object({ ApproximateReceiveCount: z.string().regex(/^\d+$/).transform(Number) }),
});
const sqsEventSchema = z.object({ Records: z.array(messageSchema) });
type Message = z.output<typeof messageSchema>;

/** An event of ours as EventBridge puts it into a queue. */
const envelopeSchema = z.object({ source: z.literal(EVENT_SOURCE), detail: scanEventSchema });

export interface DeliverMessagesDeps {
  readonly deliver: (event: ScanEvent) => Promise<void>;
  readonly retryLater: RetryLater;
  readonly logger: Logger;
  /** 0..1. @default Math.random */
  readonly random?: () => number;
}

/**
 * The events of one SQS batch, sent side by side. What was not delivered is hidden for longer each time and stays in
 * the queue, which moves it to its dead letters once it has been received often enough.
 * @throws INVALID_REQUEST when the event is not SQS's
 */
export const deliverMessages = async (
  event: unknown,
  deps: DeliverMessagesDeps,
): Promise<{ batchItemFailures: { itemIdentifier: string }[] }> => {
  const parsed = sqsEventSchema.safeParse(event);
  if (!parsed.success) throw new SulcusError('INVALID_REQUEST', 'expected an SQS event, received something else');
  const { Records } = parsed.data;
  const delivered = await Promise.all(Records.map((message) => deliverMessage(message, deps)));
  return {
    batchItemFailures: Records.flatMap(({ messageId }, index) =>
      delivered[index] ? [] : [{ itemIdentifier: messageId }],
    ),
  };
};

const deliverMessage = async (message: Message, deps: DeliverMessagesDeps): Promise<boolean> => {
  const { receiptHandle, messageId, attributes } = message;
  const receiveCount = attributes.ApproximateReceiveCount;
  const event = parseEvent(message.body);
  const fields = { messageId, receiveCount, eventId: event?.eventId, scanId: event?.scanId };
  try {
    if (event === undefined) throw new SulcusError('INVALID_REQUEST', 'expected an event of ours, received another');
    await deps.deliver(event);
    deps.logger.info('webhook delivered', fields);
    return true;
  } catch (error) {
    deps.logger.error('webhook not delivered', error, fields);
  }
  try {
    await deps.retryLater(receiptHandle, retryDelaySeconds(receiveCount, (deps.random ?? Math.random)()));
  } catch (error) {
    // It comes again after the queue's own time then.
    deps.logger.error('webhook not put off', error, fields);
  }
  return false;
};

const parseEvent = (body: string): ScanEvent | undefined => {
  try {
    return envelopeSchema.safeParse(JSON.parse(body)).data?.detail;
  } catch {
    return undefined;
  }
};

/** What EventBridge puts into the queue for an event of ours, where there is no EventBridge. */
export const webhookMessage = (event: ScanEvent, now: number): string =>
  JSON.stringify({
    version: '0',
    id: event.eventId,
    source: EVENT_SOURCE,
    'detail-type': EVENT_TYPES[event.state].detailType,
    time: new Date(now).toISOString(),
    resources: [],
    detail: event,
  });
