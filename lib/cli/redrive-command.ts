import { setTimeout as sleep } from 'node:timers/promises';
import { createQueueClient, type QueueClient, redrive } from '../adapters/dead-letters';
import { DEPLOYED } from '../topology';
import { EXIT } from './exit-codes';
import type { Output } from './output';

export interface RedriveOptions {
  readonly region?: string;
  readonly json?: boolean;
  /** Webhooks that were not delivered, instead of scans. */
  readonly webhooks?: boolean;
}

const PAUSE_MS = 2_000;

/**
 * `sulcus redrive`: puts the scans of a deployment that failed five times back into its queue, or with `--webhooks` the
 * events that its webhook did not take, once their cause is gone.
 * @param client instead of the region's
 */
export const redriveCommand = async (
  { region, json = false, webhooks = false }: RedriveOptions,
  output: Output,
  client: QueueClient = createQueueClient(region),
  pauseMs = PAUSE_MS,
): Promise<number> => {
  const [from, to] = webhooks
    ? [DEPLOYED.webhookDeadLetters, DEPLOYED.webhooks]
    : [DEPLOYED.deadLetters, DEPLOYED.arrivals];
  let told = -1;
  const moved = await redrive({
    client,
    from,
    to,
    onProgress: (progress) => {
      if (progress.moved === told) return;
      told = progress.moved;
      output.note(`${progress.moved} of ${progress.waiting}`);
    },
    pause: () => sleep(pauseMs),
  });
  if (json) output.line(JSON.stringify({ from, to, moved }));
  else if (moved === 0) output.line(`Nothing to move: ${from} is empty.`);
  else output.line(`${moved} moved to ${to}. What fails again comes back, and to the log.`);
  return EXIT.ok;
};
