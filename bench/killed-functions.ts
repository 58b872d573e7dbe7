import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SQSBatchResponse } from 'aws-lambda';
import { invokeFunction, isAlive, startFunction } from '../test/support/function-process';
import type { IngestQueue } from './ingest-queue';

export interface KilledFunctions {
  /** The bundled function. */
  readonly bundle: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Processes at a time. */
  readonly workers: number;
  readonly batchSize: number;
  /** Milliseconds between two rounds of SIGKILL for every process. */
  readonly killEveryMs: number;
}

/** Works a queue off in processes that are killed and started again, until nothing remains. @returns processes killed */
export const runKilledFunctions = async (
  queue: IngestQueue,
  { bundle, environment, workers, batchSize, killEveryMs }: KilledFunctions,
): Promise<number> => {
  const slots: (ChildProcess | undefined)[] = Array.from({ length: workers });
  const work = async (slot: number): Promise<void> => {
    while (queue.remaining() > 0) {
      const event = queue.receive(batchSize);
      if (event === undefined) {
        await delay(20);
        continue;
      }
      const running = slots[slot];
      const child = isAlive(running) ? running : startFunction(bundle, environment);
      slots[slot] = child;
      const invocation = await invokeFunction(child, event);
      // What a killed process had comes again when it is visible again.
      if (invocation === undefined) continue;
      if ('error' in invocation) throw new Error(`expected an answer of the function, received ${invocation.error}`);
      const { batchItemFailures } = invocation.response as SQSBatchResponse;
      const failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      queue.settle(event, failures);
    }
  };
  let kills = 0;
  const killer = setInterval(() => {
    for (const child of slots) if (isAlive(child) && child.kill('SIGKILL')) kills += 1;
  }, killEveryMs);
  try {
    await Promise.all(slots.map((_, slot) => work(slot)));
    return kills;
  } finally {
    clearInterval(killer);
    for (const child of slots) {
      child?.removeAllListeners();
      child?.kill('SIGKILL');
    }
  }
};
