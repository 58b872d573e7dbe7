import { setTimeout as sleep } from 'node:timers/promises';
import { createQueueClient, type QueueClient, redrive } from '../adapters/dead-letters';
import { DEPLOYED } from '../topology';
import { EXIT } from './exit-codes';
import type { Output } from './output';

export interface RedriveOptions {
  readonly region?: string;
  readonly json?: boolean;
}

const PAUSE_MS = 2_000;

/**
 * `sulcus redrive`: puts the scans of a deployment that failed five times back into its queue, once their cause is gone.
 * @param client instead of the region's
 */
export const redriveCommand = async (
  { region, json = false }: RedriveOptions,
  output: Output,
  client: QueueClient = createQueueClient(region),
  pauseMs = PAUSE_MS,
): Promise<number> => {
  let told = -1;
  const moved = await redrive({
    client,
    from: DEPLOYED.deadLetters,
    to: DEPLOYED.arrivals,
    onProgress: (progress) => {
      if (progress.moved === told) return;
      told = progress.moved;
      output.note(`${progress.moved} of ${progress.waiting}`);
    },
    pause: () => sleep(pauseMs),
  });
  if (json) output.line(JSON.stringify({ from: DEPLOYED.deadLetters, to: DEPLOYED.arrivals, moved }));
  else if (moved === 0) output.line(`Nothing to move: ${DEPLOYED.deadLetters} is empty.`);
  else output.line(`${moved} moved to ${DEPLOYED.arrivals}. What fails again comes back, and to the log.`);
  return EXIT.ok;
};
