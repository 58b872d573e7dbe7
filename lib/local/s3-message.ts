import { randomUUID } from 'node:crypto';
import type { S3EventRecord, SQSRecord } from 'aws-lambda';
import { FOLDER_BUCKET } from '../adapters/folder';
import type { CreatedObject } from './created-object';

export type { CreatedObject } from './created-object';

const ACCOUNT = '000000000000';
const REGION = 'local';

/** As S3 writes keys into notifications: a space is `+`, everything but letters, digits and `-._*` is escaped. */
const formEncode = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const s3Record = ({ key, sizeBytes, etag, sequencer, eventTime }: CreatedObject): S3EventRecord => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: REGION,
  eventTime,
  eventName: 'ObjectCreated:Put',
  userIdentity: { principalId: ACCOUNT },
  requestParameters: { sourceIPAddress: '127.0.0.1' },
  responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': randomUUID() },
  s3: {
    s3SchemaVersion: '1.0',
    configurationId: 'uploads',
    bucket: { name: FOLDER_BUCKET, ownerIdentity: { principalId: ACCOUNT }, arn: `arn:aws:s3:::${FOLDER_BUCKET}` },
    object: { key: formEncode(key), size: sizeBytes, eTag: etag, sequencer },
  },
});

/** The SQS message by which S3 would tell of an object; receipt and timestamps as far as a queue in memory has them. */
export const createMessage = (object: CreatedObject, now: number): SQSRecord => ({
  messageId: randomUUID(),
  receiptHandle: randomUUID(),
  body: JSON.stringify({ Records: [s3Record(object)] }),
  attributes: {
    ApproximateReceiveCount: '0',
    SentTimestamp: String(now),
    SenderId: ACCOUNT,
    ApproximateFirstReceiveTimestamp: String(now),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:uploads`,
  awsRegion: REGION,
});
