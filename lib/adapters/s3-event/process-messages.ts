import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import type { Logger } from '../../core/ports';
import type { RecordedScan, UploadEvent } from '../../core/record-scan';
import { workThrough } from '../../core/work-through';
import { SCANNING } from '../../topology';
import { parseUploadEvents } from './upload-events';

const messageSchema = z.object({
  messageId: z.string().min(1),
  body: z.string(),
  attributes: z.object({ ApproximateReceiveCount: z.string().regex(/^\d+$/).transform(Number) }),
});
const sqsEventSchema = z.object({ Records: z.array(messageSchema) });
type Message = z.output<typeof messageSchema>;

export interface ProcessMessagesDeps {
  readonly record: (event: UploadEvent, delivery: { readonly lastReceive: boolean }) => Promise<RecordedScan>;
  /** For a message that is out of receives and of time at once. */
  readonly recordFailure: (event: UploadEvent, cause: unknown) => Promise<RecordedScan>;
  readonly logger: Logger;
  readonly maxReceiveCount: number;
  readonly remainingMs: () => number;
}

/** SQS's partial batch response: the messages named stay in the queue, the others leave it. */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/**
 * The messages of one SQS batch, two side by side: while one waits for S3 and DynamoDB, which is paid for, the other is
 * computed. Messages received most often go first, so that none runs out of receives merely by standing last; the first
 * is tried however little time is left, the others only while there is enough, since a function that is killed in the
 * middle would make its whole batch visible again.
 * @throws INVALID_REQUEST when the event is not SQS's: then there is nothing to answer by
 */
export const processMessages = async (event: unknown, deps: ProcessMessagesDeps): Promise<BatchResponse> => {
  const parsed = sqsEventSchema.safeParse(event);
  if (!parsed.success) throw new SulcusError('INVALID_REQUEST', 'expected an SQS event, received something else');
  const receives = (message: Message): number => message.attributes.ApproximateReceiveCount;
  const messages = parsed.data.Records.toSorted((a, b) => receives(b) - receives(a));
  const batchItemFailures: { itemIdentifier: string }[] = [];
  await workThrough(messages.entries(), SCANNING.atOnce, async ([index, message]) => {
    const inTime = index === 0 || deps.remainingMs() > SCANNING.budgetMs;
    if (!(await processMessage(message, inTime, deps))) batchItemFailures.push({ itemIdentifier: message.messageId });
  });
  return { batchItemFailures };
};

const processMessage = async (message: Message, inTime: boolean, deps: ProcessMessagesDeps): Promise<boolean> => {
  const receiveCount = message.attributes.ApproximateReceiveCount;
  const lastReceive = receiveCount >= deps.maxReceiveCount;
  let uploads: UploadEvent[];
  try {
    uploads = parseUploadEvents(message.body);
  } catch (error) {
    deps.logger.error('message not understood', error, { messageId: message.messageId, receiveCount });
    return false;
  }
  let done = true;
  for (const upload of uploads) {
    const recorded = await recordInTime(upload, inTime, lastReceive, deps);
    if (recorded === undefined) return false;
    log(recorded, receiveCount, deps.logger);
    done &&= recorded.outcome !== 'retry' && recorded.outcome !== 'failed';
  }
  return done;
};

const recordInTime = async (
  upload: UploadEvent,
  inTime: boolean,
  lastReceive: boolean,
  deps: ProcessMessagesDeps,
): Promise<RecordedScan | undefined> => {
  if (inTime) return deps.record(upload, { lastReceive });
  if (!lastReceive) return undefined;
  return deps.recordFailure(upload, new SulcusError('INTERNAL', 'expected time for the scan, received too little'));
};

const log = ({ scanId, outcome, classification, error }: RecordedScan, receiveCount: number, logger: Logger): void => {
  const fields = { scanId, outcome, receiveCount };
  if (outcome === 'retry' || outcome === 'failed') {
    logger.error('scan', error, fields);
    return;
  }
  const { code } = { code: undefined, ...(error as { code?: string } | undefined) };
  const { decodeMs, preprocessMs, inferenceMs } = { ...classification?.timings };
  logger.info('scan', {
    ...fields,
    code,
    modelDigest: classification?.model.digest,
    decodeMs,
    preprocessMs,
    inferenceMs,
  });
};
