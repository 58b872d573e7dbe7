import { z } from 'zod';
import { NOTICE } from '../../core/contract';
import { RETRY_DELAYS_SECONDS } from '../../core/deliver-webhook';
import { EVENT_SOURCE, EVENT_TYPES, finalStates, scanEventSchema, webhookSchema } from '../../core/event-contract';
import { webhookExample } from './examples';

type Json = Record<string, unknown>;

/** The events of a scan as EventBridge carries them; members beyond these are EventBridge's. */
const busEventSchema = z
  .object({
    source: z.literal(EVENT_SOURCE),
    'detail-type': z.enum(finalStates.map((state) => EVENT_TYPES[state].detailType)),
    detail: scanEventSchema,
  })
  .meta({ id: 'BusEvent' });

const headersSchema = z
  .object({
    'webhook-id': z.string().meta({ description: 'eventId: the same for every attempt.' }),
    'webhook-timestamp': z.string().meta({ description: 'Seconds since the epoch, of this attempt.' }),
    'webhook-signature': z.string().meta({
      description:
        'v1, and base64 of HMAC-SHA256 over id.timestamp.body; several, separated by spaces, while a secret is rotated.',
    }),
  })
  .meta({ id: 'WebhookHeaders' });

/**
 * Schemas by name, as draft 7, which is AsyncAPI's own dialect; as input, because what is sent may gain members.
 */
const schemas = (): Json => {
  const found: Json = {};
  for (const schema of [busEventSchema, webhookSchema, headersSchema]) {
    const { definitions } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
    Object.assign(found, definitions);
  }
  return JSON.parse(JSON.stringify(found).replaceAll('#/definitions/', '#/components/schemas/'));
};

const ref = (path: string): Json => ({ $ref: `#/${path}` });

const message = (name: string, summary: string, payload: string, extra: Json = {}): Json => ({
  name,
  title: name,
  summary,
  contentType: 'application/json',
  payload: ref(`components/schemas/${payload}`),
  ...extra,
});

const messages = (): Record<string, Json> => {
  const ofState = (state: (typeof finalStates)[number]): [string, Json][] => {
    const { type, detailType } = EVENT_TYPES[state];
    const summary = `A scan was ${state}.`;
    const headers = { headers: ref('components/schemas/WebhookHeaders') };
    const examples = state === 'classified' ? { examples: [{ name: type, payload: webhookExample }] } : {};
    return [
      [`${state}OnBus`, message(detailType, summary, 'BusEvent')],
      [`${state}Webhook`, message(type, summary, 'WebhookPayload', { ...headers, ...examples })],
    ];
  };
  return Object.fromEntries(finalStates.flatMap(ofState));
};

const channel = (address: string | null, title: string, description: string, suffix: string): Json => ({
  address,
  title,
  description,
  messages: Object.fromEntries(
    finalStates.map((state) => [`${state}${suffix}`, ref(`components/messages/${state}${suffix}`)]),
  ),
});

/** The AsyncAPI 3.0 document of what is sent unasked, made of the schemas that type it. */
export const createAsyncApiDocument = (): object => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Sulcus events',
    version: '1.0.0',
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0.html' },
    description:
      `One event a final result. **${NOTICE}** Delivered at least once and in no order: tell repetitions by eventId. ` +
      'Neither object keys nor file names are in it.',
  },
  defaultContentType: 'application/json',
  channels: {
    eventBus: channel(
      'eventbridge',
      'EventBridge',
      `The account's event bus of the deployment; match source "${EVENT_SOURCE}".`,
      'OnBus',
    ),
    webhook: channel(
      null,
      'Webhook',
      'POST to the configured https URL, signed as Standard Webhooks has it. Anything but 2xx within 10 s is tried again ' +
        `after ${RETRY_DELAYS_SECONDS.join(', ')} s; then the event is a dead letter.`,
      'Webhook',
    ),
  },
  operations: {
    publishResult: { action: 'send', channel: ref('channels/eventBus'), summary: 'Publish a final result.' },
    sendWebhook: { action: 'send', channel: ref('channels/webhook'), summary: 'Send a final result.' },
  },
  components: { schemas: schemas(), messages: messages() },
});
