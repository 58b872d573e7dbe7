import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import type { UploadEvent } from '../../core/record-scan';
import { isScanObject } from '../../core/scan-ids';

/** S3 writes `Z`; a store that leaves the offset away means UTC as well. */
const instant = z.iso
  .datetime({ offset: true, local: true })
  .transform((text) => new Date(/(Z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`).toISOString());
const etag = z
  .string()
  .min(1)
  .max(256)
  .transform((text) => text.replace(/^"(.*)"$/, '$1'));
const versionId = z.string().min(1).max(1024);
const sequencer = z.string().regex(/^[0-9A-Za-z]{1,64}$/, 'expected a sequencer');
const bucket = z.object({ name: z.string().min(1).max(255) });

/** Members beyond these are S3's to add; what is read is checked. */
const notificationRecordSchema = z.object({
  eventTime: instant,
  s3: z.object({
    bucket,
    object: z.object({
      key: z.string().min(1),
      size: z.int().nonnegative().nullish(),
      eTag: etag.nullish(),
      versionId: versionId.nullish(),
      sequencer: sequencer.nullish(),
    }),
  }),
});
const notificationSchema = z.object({ Records: z.array(z.looseObject({ eventName: z.string() })) });
const testEventSchema = z.object({ Event: z.literal('s3:TestEvent') });

const eventBridgeSchema = z.object({ source: z.literal('aws.s3'), 'detail-type': z.string() });
const objectCreatedSchema = z.object({
  time: instant,
  detail: z.object({
    bucket,
    object: z.object({
      key: z.string().min(1),
      size: z.int().nonnegative().nullish(),
      etag: etag.nullish(),
      'version-id': versionId.nullish(),
      sequencer,
    }),
  }),
});

/** S3 notifications carry keys as HTML forms do: `+` is a space, everything else percent-encoded UTF-8. */
const decodeKey = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', 'expected a form-url-encoded object key, received a broken escape', {
      cause,
    });
  }
};

/** S3 always sends a sequencer; of the stores that speak like it some do not, and then their clock orders the events. */
const timeSequencer = (eventTime: string): string => Date.parse(eventTime).toString(16).padStart(16, '0');

const fromNotification = ({ s3, eventTime }: z.output<typeof notificationRecordSchema>): UploadEvent => ({
  bucket: s3.bucket.name,
  key: decodeKey(s3.object.key),
  versionId: s3.object.versionId ?? null,
  etag: s3.object.eTag ?? null,
  sizeBytes: s3.object.size ?? null,
  sequencer: s3.object.sequencer ?? timeSequencer(eventTime),
  eventTime,
});

const fromEventBridge = ({ time, detail }: z.output<typeof objectCreatedSchema>): UploadEvent => ({
  bucket: detail.bucket.name,
  key: detail.object.key,
  versionId: detail.object['version-id'] ?? null,
  etag: detail.object.etag ?? null,
  sizeBytes: detail.object.size ?? null,
  sequencer: detail.object.sequencer,
  eventTime: time,
});

/**
 * The uploads that one queue message tells of: an S3 notification (any number of records) or an EventBridge event of
 * S3. Test events, other kinds of event, folder markers and results beside scans are none.
 * @param body the message body, JSON text
 * @throws INVALID_REQUEST when it is neither, or an ObjectCreated record lacks what identifies the object. The message
 * names fields, never values: keys are names of people's files.
 */
export const parseUploadEvents = (body: string): UploadEvent[] => {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new SulcusError('INVALID_REQUEST', 'expected JSON as the body of a queue message, received something else');
  }
  if (testEventSchema.safeParse(json).success) return [];
  const eventBridge = eventBridgeSchema.safeParse(json);
  if (eventBridge.success) {
    if (eventBridge.data['detail-type'] !== 'Object Created') return [];
    return [fromEventBridge(parse(objectCreatedSchema, json))].filter(isScanObject);
  }
  return parse(notificationSchema, json)
    .Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName))
    .map((entry) => fromNotification(parse(notificationRecordSchema, entry)))
    .filter(isScanObject);
};

const parse = <Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'the body'} (${code})`);
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected an S3 event, received one with problems in ${problems.join(', ')}`,
  );
};
