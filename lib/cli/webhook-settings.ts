import { readLocalWebhook } from '../adapters/config/config';
import { assertWebhookUrl } from '../adapters/webhook';
import { SulcusError } from '../core/errors';
import type { LocalCloudOptions } from '../local';

/**
 * Where `sulcus start` sends events: as its options say, or the environment, where a secret is not seen by who lists
 * processes.
 * @throws CONFIG_INVALID for a URL without a secret, since nobody could tell such events from others' requests
 */
export const readWebhook = (given: {
  readonly webhookUrl?: string;
  readonly webhookSecret?: string;
}): Pick<LocalCloudOptions, 'webhook'> => {
  const environment = readLocalWebhook();
  const url = given.webhookUrl ?? environment.url;
  const secret = given.webhookSecret ?? environment.secret;
  if (url === undefined) return {};
  assertWebhookUrl(url, { allowPrivate: true });
  if (secret === undefined || secret.trim() === '') {
    throw new SulcusError(
      'CONFIG_INVALID',
      'expected --webhook-secret or SULCUS_WEBHOOK_SECRET beside the webhook URL, received none',
    );
  }
  return { webhook: { url, secret } };
};
