export { type DeliverMessagesDeps, deliverMessages, webhookMessage } from './deliver-messages';
export { createRetryLater } from './retry-later';
