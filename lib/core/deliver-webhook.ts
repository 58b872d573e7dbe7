import { SulcusError } from './errors';
import type { ScanEvent } from './event-contract';
import type { WebhookSender } from './ports';
import { toWebhookPayload } from './scan-event';
import { signWebhook } from './sign-webhook';

export interface DeliverWebhookDeps {
  readonly send: WebhookSender;
  readonly url: string;
  /** Read anew every few minutes, so that a rotated one is used without a deployment. */
  readonly secret: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Seconds before each further attempt: over 18 hours in all, for a receiver that is down for a night. */
export const RETRY_DELAYS_SECONDS = [5, 60, 300, 1_800, 7_200, 21_600, 36_000] as const;
export const WEBHOOK_ATTEMPTS = RETRY_DELAYS_SECONDS.length + 1;

/**
 * @param attempts made so far, from 1
 * @param random 0..1: a tenth more or less, so that what failed together does not come back together
 */
export const retryDelaySeconds = (attempts: number, random: number): number => {
  const delay = RETRY_DELAYS_SECONDS[Math.min(attempts, RETRY_DELAYS_SECONDS.length) - 1] ?? RETRY_DELAYS_SECONDS[0];
  return Math.round(delay * (0.9 + random * 0.2));
};

/**
 * Sends one event, signed. Every attempt has the same id and body and a time of its own.
 * @throws WEBHOOK_UNDELIVERED for any answer but 2xx, and for none
 */
export const deliverWebhook = async (
  { send, url, secret, now }: DeliverWebhookDeps,
  event: ScanEvent,
): Promise<void> => {
  const body = JSON.stringify(toWebhookPayload(event));
  const signature = await signWebhook(await secret(), event.eventId, body, now());
  const headers = { 'content-type': 'application/json', 'user-agent': 'sulcus-webhook/1', ...signature };
  const status = await send(url, headers, body);
  if (status >= 200 && status < 300) return;
  throw new SulcusError('WEBHOOK_UNDELIVERED', `expected a status of 2xx from the webhook, received ${status}`);
};
