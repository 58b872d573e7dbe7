import { randomUUID } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import type { ClassifyUploadHandler } from '../../functions/classify-upload/handler';
import { FOLDER_BUCKET } from '../adapters/folder';
import type { Logger, ResultStore } from '../core/ports';
import { isSettled } from '../core/record-scan';
import { announcedScanId, objectScanId } from '../core/scan-ids';
import { isTombstone } from '../core/scan-record';
import { normaliseSequencer } from '../core/sequencer';
import { describeFile } from './created-object';
import type { DeadLetters } from './dead-letters';
import { createMessage } from './s3-message';
import type { SeenFile } from './watch-folder';

export interface ScanQueueOptions {
  readonly root: string;
  readonly handler: ClassifyUploadHandler;
  readonly results: Pick<ResultStore, 'get'>;
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
  readonly now: () => number;
  readonly maxReceiveCount: number;
  /** Before the second receive; it doubles with each. @default 500 */
  readonly redeliveryMs?: number;
  /** What the function has on AWS. @default 90000 */
  readonly handlerTimeoutMs?: number;
}

export interface ScanQueue {
  /** Hands a whole file in; the same file again replaces what waits. Files found at the start wait behind new ones. */
  add(file: SeenFile, initial: boolean): void;
  /** Takes no more and waits for the batch in hand, at most so long; true when it has ended. */
  stop(withinMs: number): Promise<boolean>;
}

interface Delivery {
  readonly scanId: string;
  readonly message: SQSRecord;
  readonly receives: number;
  readonly dueAt: number;
}

const BATCH_SIZE = 10;

/**
 * SQS and its event source mapping for the scan folder, one batch at a time. Files wait as names; what identifies
 * their content is computed when their turn comes. Nothing is kept on disk: a file without a final result is handed in
 * again at the next start.
 */
export const createScanQueue = (options: ScanQueueOptions): ScanQueue => {
  const { root, handler, results, deadLetters, logger, now, maxReceiveCount } = options;
  const { redeliveryMs = 500, handlerTimeoutMs = 90_000 } = options;
  const fresh = new Map<string, SeenFile>();
  const backlog = new Map<string, SeenFile>();
  let redeliveries: Delivery[] = [];
  let stopping = false;
  let wake: () => void = () => undefined;

  const prepare = async (file: SeenFile): Promise<Delivery | undefined> => {
    const object = await describeFile(root, file, now());
    // Still being written, against all signs: it will be seen and handed in again.
    if (object === undefined) return undefined;
    const { key, etag, sequencer } = object;
    const scanId = await objectScanId({ bucket: FOLDER_BUCKET, key, versionId: null, etag }, FOLDER_BUCKET);
    const stored = await results.get(scanId).catch(() => undefined);
    // A tombstone of an announced scan is the handler's: the object under it has to go.
    const buried =
      stored !== undefined &&
      isTombstone(stored) &&
      announcedScanId({ bucket: FOLDER_BUCKET, key }, FOLDER_BUCKET) !== undefined;
    if (!buried && isSettled(stored, normaliseSequencer(sequencer), null)) return undefined;
    return { scanId, message: createMessage(object, now()), receives: 0, dueAt: 0 };
  };

  const takeFiles = (count: number): SeenFile[] => {
    const files: SeenFile[] = [];
    for (const lane of [fresh, backlog]) {
      for (const [key, file] of lane) {
        if (files.length >= count) return files;
        lane.delete(key);
        files.push(file);
      }
    }
    return files;
  };

  const nextBatch = async (): Promise<Delivery[]> => {
    const due = redeliveries.filter(({ dueAt }) => dueAt <= now()).slice(0, BATCH_SIZE);
    redeliveries = redeliveries.filter((delivery) => !due.includes(delivery));
    const prepared = await Promise.all(takeFiles(BATCH_SIZE - due.length).map(prepare));
    return [...due, ...prepared.filter((delivery) => delivery !== undefined)];
  };

  const call = async (records: SQSRecord[]): Promise<ReadonlySet<string>> => {
    const deadline = now() + handlerTimeoutMs;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${handlerTimeoutMs} ms`)), handlerTimeoutMs);
      // A batch that was left behind must not keep the process from ending.
      timer.unref();
    });
    try {
      // JSON there and back, as on the way through Lambda.
      const event = JSON.parse(JSON.stringify({ Records: records }));
      const answer = handler(event, { getRemainingTimeInMillis: () => Math.max(0, deadline - now()) });
      const { batchItemFailures } = JSON.parse(JSON.stringify(await Promise.race([answer, timeout])));
      return new Set(batchItemFailures.map(({ itemIdentifier }: { itemIdentifier: string }) => itemIdentifier));
    } catch (error) {
      logger.error('the upload handler failed as a whole', error, { messages: records.length });
      return new Set(records.map(({ messageId }) => messageId));
    } finally {
      clearTimeout(timer);
    }
  };

  const deliver = async (batch: readonly Delivery[]): Promise<void> => {
    const received = batch.map(({ message, receives, ...rest }) => {
      const attributes = { ...message.attributes, ApproximateReceiveCount: String(receives + 1) };
      return { ...rest, receives: receives + 1, message: { ...message, receiptHandle: randomUUID(), attributes } };
    });
    const failed = await call(received.map(({ message }) => message));
    for (const delivery of received) {
      const { scanId, message, receives } = delivery;
      if (!failed.has(message.messageId)) await deadLetters.remove(scanId);
      else if (receives >= maxReceiveCount) await deadLetters.put(scanId, message);
      else redeliveries.push({ ...delivery, dueAt: now() + redeliveryMs * 2 ** (receives - 1) });
    }
  };

  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const next = Math.min(...redeliveries.map(({ dueAt }) => dueAt));
      const timer = Number.isFinite(next) ? setTimeout(resolve, Math.max(0, next - now())) : undefined;
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!stopping) {
      const batch = await nextBatch();
      if (batch.length > 0 && !stopping) await deliver(batch);
      else if (fresh.size + backlog.size === 0 && !stopping) await rest();
    }
  };

  const running = run();
  return {
    add: (file, initial) => {
      const lane = initial && !fresh.has(file.key) ? backlog : fresh;
      if (lane === fresh) backlog.delete(file.key);
      lane.set(file.key, file);
      wake();
    },
    stop: async (withinMs) => {
      stopping = true;
      wake();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), withinMs);
      });
      const ended = await Promise.race([running.then(() => true), late]);
      clearTimeout(timer);
      return ended;
    },
  };
};
