import { z } from 'zod';
import { scanIdSchema, scanResultSchema } from './contract';

/** What is told of a result that is final, on the event bus and to webhooks. */

export const EVENT_SOURCE = 'sulcus';

/** By state of the scan: the type of a webhook and the detail-type on the bus. */
export const EVENT_TYPES = {
  classified: { type: 'scan.classified', detailType: 'Scan Classified' },
  rejected: { type: 'scan.rejected', detailType: 'Scan Rejected' },
  failed: { type: 'scan.failed', detailType: 'Scan Failed' },
} as const;
export type FinalState = keyof typeof EVENT_TYPES;
export const finalStates = Object.keys(EVENT_TYPES) as FinalState[];

export const scanEventSchema = scanResultSchema
  .omit({ source: true, state: true })
  .extend({
    eventId: scanIdSchema.meta({ description: 'The same for every delivery of this event.' }),
    state: z.enum(['classified', 'rejected', 'failed']),
    source: scanResultSchema.shape.source.pick({ kind: true, bucket: true }).meta({
      description: 'Without the object key, which may be the name of a person; GET /v1/scans/{scanId} has it.',
    }),
  })
  .meta({ id: 'ScanEvent' });
export type ScanEvent = z.infer<typeof scanEventSchema>;

export const webhookSchema = z
  .object({
    type: z.enum(['scan.classified', 'scan.rejected', 'scan.failed']),
    timestamp: z.iso.datetime().meta({ description: 'createdAt of the scan.' }),
    data: scanEventSchema,
  })
  .meta({ id: 'WebhookPayload' });
export type WebhookPayload = z.infer<typeof webhookSchema>;
