import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readConfig } from '../../lib/adapters/config/config';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { createSecret } from '../../lib/adapters/secrets';
import { assertWebhookUrl, createWebhookSender } from '../../lib/adapters/webhook';
import { createRetryLater, type DeliverMessagesDeps, deliverMessages } from '../../lib/adapters/webhook-queue';
import { type DeliverWebhookDeps, deliverWebhook } from '../../lib/core/deliver-webhook';
import { openOnce } from '../../lib/core/open-once';

export type DeliverWebhookHandlerDeps = DeliverWebhookDeps & Omit<DeliverMessagesDeps, 'deliver'>;
export type DeliverWebhookHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** Events out of SQS -> signed POSTs; answers which messages must come again. */
export const createHandler =
  (deps: DeliverWebhookHandlerDeps): DeliverWebhookHandler =>
  (event) =>
    deliverMessages(event, { ...deps, deliver: (scanEvent) => deliverWebhook(deps, scanEvent) });

const wire = openOnce(async () => {
  const { webhookUrl, webhookSecretId, webhookQueueUrl } = readConfig([
    'webhookUrl',
    'webhookSecretId',
    'webhookQueueUrl',
  ]);
  const rules = { allowPrivate: false };
  return createHandler({
    url: assertWebhookUrl(webhookUrl, rules).href,
    send: createWebhookSender(rules),
    secret: createSecret({ secretId: webhookSecretId }),
    retryLater: createRetryLater(webhookQueueUrl),
    logger: createLogger('deliver-webhook'),
    now: Date.now,
  });
});

export const handler: DeliverWebhookHandler = async (event) => (await wire())(event);
