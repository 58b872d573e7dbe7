import { z } from 'zod';

/**
 * The wire contract: one set of zod schemas validates requests, types the code and becomes the OpenAPI document.
 * Later work adds to these shapes and never changes them.
 */

export const RESULT_SCHEMA_VERSION = 1;

export const NOTICE =
  'Research use only. Predicted label and score of a statistical model; not a diagnosis and not for decisions about a person.';

export const scanStates = ['pending', 'classified', 'rejected', 'failed'] as const;
export const scanStateSchema = z.enum(scanStates).meta({ id: 'ScanState' });
export type ScanState = z.infer<typeof scanStateSchema>;

/** Not `.nullable()`: in the OpenAPI document only a union keeps a named schema and null apart. */
const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.null()]);

/** 32 hex digits: a random id, or a truncated SHA-256 of what identifies the scan. */
export const scanIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hex digits')
  .meta({ id: 'ScanId', example: '4f0c2b9de1a94b0c8f2f6f0a5d3e7c11' });

export const labelScoreSchema = z
  .object({
    label: z.string(),
    score: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Softmax (or sigmoid) of the logits, calibrated where the bundle is, unrounded.' }),
    logit: z.number().meta({ description: 'What the network gave for this label.' }),
  })
  .meta({ id: 'LabelScore' });
export type LabelScore = z.infer<typeof labelScoreSchema>;

export const modelReferenceSchema = z
  .object({ name: z.string(), version: z.string(), digest: z.string() })
  .meta({ id: 'ModelReference' });
export type ModelReference = z.infer<typeof modelReferenceSchema>;

export const modelListSchema = z
  .object({
    items: z.array(
      modelReferenceSchema.extend({
        path: z.string().meta({ description: 'What to ask for: /v1/models/{path}, /v1/models/{path}/classify.' }),
        main: z.boolean().meta({ description: 'Whether /v1/classify and uploads use it.' }),
        labels: z.int().meta({ description: 'How many; 0 for a model without a classifier.' }),
      }),
    ),
  })
  .meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof modelListSchema>;

export const scanSourceSchema = z
  .object({
    kind: z.enum(['api', 'upload']),
    bucket: z.string().nullable(),
    key: z.string().nullable(),
    versionId: z.string().nullable(),
  })
  .meta({ id: 'ScanSource' });
export type ScanSource = z.infer<typeof scanSourceSchema>;

export const timingsSchema = z
  .object({ decodeMs: z.number(), preprocessMs: z.number(), inferenceMs: z.number(), totalMs: z.number() })
  .meta({ id: 'Timings', description: 'Milliseconds spent on this scan; totalMs includes what is between the parts.' });
export type Timings = z.infer<typeof timingsSchema>;

export const scanErrorSchema = z.object({ code: z.string(), message: z.string() }).meta({ id: 'ScanError' });
export type ScanError = z.infer<typeof scanErrorSchema>;

export const abstainReasons = ['low_confidence', 'not_a_brain_slice'] as const;
export const abstainReasonSchema = z.enum(abstainReasons).meta({
  id: 'AbstainReason',
  description:
    "low_confidence: the score or its lead is under the bundle's threshold. not_a_brain_slice: the picture is not like " +
    'the training data.',
});
export type AbstainReason = z.infer<typeof abstainReasonSchema>;

/** One scan as the API answers it. Fields that do not apply yet (or never will) are null, never absent. */
export const scanResultSchema = z
  .object({
    schemaVersion: z.literal(RESULT_SCHEMA_VERSION),
    scanId: scanIdSchema,
    state: scanStateSchema,
    label: z.string().nullable().meta({ description: 'Label with the highest score; null unless classified.' }),
    score: z.number().nullable().meta({ description: 'Score of that label.' }),
    scores: z.array(labelScoreSchema).meta({ description: 'Highest first.' }),
    truncated: z.boolean().meta({ description: 'True when scores holds the top 20 of more labels.' }),
    abstained: z
      .boolean()
      .meta({ description: 'True when the label is not to be relied on; label and scores are still there.' }),
    abstainReason: orNull(abstainReasonSchema).meta({ description: 'Why, when abstained.' }),
    model: orNull(modelReferenceSchema),
    source: scanSourceSchema,
    timings: orNull(timingsSchema),
    error: orNull(scanErrorSchema).meta({ description: 'Why, when rejected or failed.' }),
    apiKeyId: z.string().nullable().meta({ description: 'Id of the API key that made or announced the scan.' }),
    createdAt: z.iso.datetime(),
    notice: z.string(),
  })
  .meta({ id: 'ScanResult' });
export type ScanResult = z.infer<typeof scanResultSchema>;

export const scanListSchema = z
  .object({
    items: z.array(scanResultSchema),
    nextCursor: z.string().nullable().meta({ description: 'Pass as `cursor` for the next page; null at the end.' }),
  })
  .meta({ id: 'ScanList' });
export type ScanList = z.infer<typeof scanListSchema>;

/** C0 and C1 controls: they end up in logs and terminals, and no label or key needs them in a filter. */
const hasControlCharacter = (text: string): boolean =>
  [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
  });
const filterText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !hasControlCharacter(text), { error: 'expected text without control characters' });

/** A date means its first instant for `from` and its last for `to`; a date-time needs an offset. */
const instant = (edge: 'from' | 'to') =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'expected an ISO 8601 date or date-time with offset',
    })
    .transform((text) =>
      text.length === 10
        ? `${text}T${edge === 'from' ? '00:00:00.000' : '23:59:59.999'}Z`
        : new Date(text).toISOString(),
    );

export const listQuerySchema = z
  .object({
    label: filterText(256).optional(),
    state: scanStateSchema.optional(),
    key: filterText(1024).optional().meta({ description: 'Object key of an upload, exactly.' }),
    from: instant('from').optional().meta({ description: 'Created at or after: ISO 8601 date or date-time.' }),
    to: instant('to')
      .optional()
      .meta({ description: 'Created at or before: ISO 8601 date (its whole day) or date-time.' }),
    cursor: z.string().min(1).max(512).optional(),
    limit: z
      .string()
      .regex(/^\d{1,3}$/, 'expected a whole number from 1 to 100')
      .transform(Number)
      .pipe(z.int().min(1).max(100))
      .meta({
        description: 'How many results a page holds.',
        type: 'integer',
        minimum: 1,
        maximum: 100,
        default: 20,
        pattern: undefined,
      })
      .default(20),
  })
  .meta({ id: 'ListQuery' });
export type ListQuery = z.output<typeof listQuerySchema>;

export const classifyQuerySchema = z.object({
  store: z.enum(['true', 'false']).default('true').meta({ description: 'false: answer only, keep nothing.' }),
});

export const classifyJsonSchema = z
  .object({ image: z.string().min(1).meta({ description: 'The image file as base64.', format: 'byte' }) })
  .meta({ id: 'ClassifyRequest' });

export const featuresQuerySchema = z.object({
  attention: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: "true: the last layer's attention too, some 20 bytes a weight." }),
});

const float32s = z.array(z.number());
const base64 = z.string();

export const attentionMapSchema = z
  .object({
    heads: z.int(),
    grid: z
      .object({ height: z.int(), width: z.int() })
      .meta({ description: 'Patches in a column and in a row of the image as the model takes it.' }),
    weights: z.array(float32s).meta({
      description:
        'Per head the attention of the [CLS] token in the last layer; each adds up to 1. First to itself, then to the ' +
        'patches row by row.',
    }),
  })
  .meta({ id: 'AttentionMap' });
export type AttentionMap = z.infer<typeof attentionMapSchema>;

/** What a model without a classifier is for, and what any other gives as well. */
export const featuresResultSchema = z
  .object({
    schemaVersion: z.literal(RESULT_SCHEMA_VERSION),
    features: float32s.meta({ description: 'The [CLS] token after the final layer norm: last_hidden_state[:, 0].' }),
    featuresBase64: base64.meta({ description: 'The same as base64 of little-endian float32.' }),
    pooled: float32s.nullable().meta({ description: 'pooler_output; null when the model has no pooler.' }),
    pooledBase64: base64.nullable(),
    attention: orNull(attentionMapSchema).meta({ description: 'Null unless asked for.' }),
    model: modelReferenceSchema,
    timings: timingsSchema,
    notice: z.string(),
  })
  .meta({ id: 'FeaturesResult' });
export type FeaturesResult = z.infer<typeof featuresResultSchema>;

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'expected 1 to 255 visible ASCII characters')
  .meta({ description: 'Same key and body: the same scan. Same key and another body: 422.' });

export const announceRequestSchema = z
  .object({
    contentType: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.+-]*\/[A-Za-z0-9][A-Za-z0-9.+-]*$/, 'expected a media type such as image/png')
      .max(127)
      .default('application/octet-stream'),
  })
  .meta({ id: 'AnnounceRequest' });

export const announcedScanSchema = z
  .object({
    scanId: scanIdSchema,
    uploadUrl: z.string(),
    method: z.literal('PUT'),
    headers: z.record(z.string(), z.string()).meta({ description: 'Send exactly these with the upload.' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'AnnouncedScan' });
export type AnnouncedScan = z.infer<typeof announcedScanSchema>;

const day = (edge: string) =>
  z.iso.date({ error: 'expected an ISO 8601 date such as 2026-01-31' }).meta({ description: `${edge} day, in UTC.` });

export const usageQuerySchema = z.object({
  from: day('First').optional().meta({ description: 'First day in UTC. Default: the first of this month.' }),
  to: day('Last')
    .optional()
    .meta({ description: 'Last day in UTC, at most 366 days after the first. Default: today.' }),
});
export type UsageQuery = z.output<typeof usageQuerySchema>;

const usageAmounts = {
  scans: z.int().meta({ description: 'Images the model was run on; a repeated request or event counts once.' }),
  rejected: z.int().meta({ description: 'Files that were refused: no scans, and no part of the quota.' }),
  bytes: z.int().meta({ description: 'Of the image files of those scans.' }),
  computeMs: z.number().meta({ description: 'Decoding, resizing and running the model.' }),
  estimatedCostUsd: z.number().meta({ description: 'At list price, without what is paid by the month.' }),
};

export const usageDaySchema = z.object({ day: z.iso.date(), ...usageAmounts }).meta({ id: 'UsageDay' });
export const usageTotalsSchema = z.object(usageAmounts).meta({ id: 'UsageTotals' });
export type UsageTotals = z.infer<typeof usageTotalsSchema>;

export const usageReportSchema = z
  .object({
    apiKeyId: z.string(),
    from: z.iso.date(),
    to: z.iso.date(),
    days: z.array(usageDaySchema).meta({ description: 'Days with any usage, oldest first.' }),
    totals: usageTotalsSchema,
    rate: z.string().nullable().meta({ description: 'Scans that may start, such as 20/second; null: no limit.' }),
    quota: orNull(
      z.object({
        limit: z.int().meta({ description: 'Scans in a calendar month of UTC.' }),
        used: z.int().meta({ description: 'Scans done, in hand, and announced.' }),
        resetsAt: z.iso.datetime(),
      }),
    ).meta({ description: 'Of this month; null: no limit.' }),
    prices: z
      .object({ date: z.iso.date(), region: z.string() })
      .meta({ description: 'The price list behind the estimates.' }),
  })
  .meta({ id: 'UsageReport' });
export type UsageReport = z.infer<typeof usageReportSchema>;

export const errorBodySchema = z
  .object({ error: z.object({ code: z.string(), message: z.string(), requestId: z.string() }) })
  .meta({ id: 'Error' });
export type ErrorBody = z.infer<typeof errorBodySchema>;

export const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

/** Hugging Face's image-classification request and answer, for its clients' `endpointUrl`. */
export const huggingFaceRequestSchema = z
  .object({
    inputs: z.string().min(1).meta({ description: 'The image file as base64.', format: 'byte' }),
    parameters: z
      .object({
        top_k: z.int().positive().nullish(),
        function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).nullish(),
      })
      .nullish(),
  })
  .meta({ id: 'HuggingFaceRequest' });
export type HuggingFaceParameters = NonNullable<z.infer<typeof huggingFaceRequestSchema>['parameters']>;

export const huggingFaceResponseSchema = z
  .array(z.object({ label: z.string(), score: z.number() }))
  .meta({ id: 'HuggingFaceResponse' });
