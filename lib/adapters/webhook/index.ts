export { assertWebhookUrl } from './address-rules';
export { createWebhookSender } from './webhook-sender';
