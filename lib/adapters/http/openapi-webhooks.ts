import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { EVENT_TYPES, finalStates, webhookSchema } from '../../core/event-contract';
import { webhookExample } from './examples';

const headers = z.object({
  'webhook-id': z.string().meta({ example: webhookExample.data.eventId }),
  'webhook-timestamp': z.string().meta({ example: '1769860800' }),
  'webhook-signature': z.string().meta({ example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' }),
});

const webhookOf = (state: (typeof finalStates)[number]): RouteConfig => ({
  method: 'post',
  path: EVENT_TYPES[state].type,
  operationId: `on${EVENT_TYPES[state].detailType.replace(' ', '')}`,
  tags: ['Events'],
  summary: `A scan was ${state}`,
  description:
    'Sent to the configured URL, if there is one, signed as https://www.standardwebhooks.com/ has it. At least once: tell ' +
    'repetitions by eventId. GET /v1/asyncapi.json has the events of the bus too.',
  security: [],
  request: {
    headers,
    body: {
      required: true,
      content: {
        'application/json': { schema: webhookSchema, ...(state === 'classified' ? { example: webhookExample } : {}) },
      },
    },
  },
  responses: {
    204: { description: 'Received; any status of 2xx will do' },
    default: { description: 'Not received: sent again later' },
  },
});

/** What the service sends: the document's `webhooks`. */
export const webhooks: readonly RouteConfig[] = finalStates.map(webhookOf);
