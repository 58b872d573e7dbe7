import type { SQSEvent, SQSRecord } from 'aws-lambda';

export interface S3RecordFields {
  readonly bucket?: string;
  readonly eventName?: string;
  readonly key?: string;
  readonly size?: number;
  readonly eTag?: string;
  readonly versionId?: string;
  readonly sequencer?: string;
}

/** One record of an S3 notification as AWS documents it; `key` is as it stands in the event, form-url-encoded. */
export const s3Record = ({
  bucket = 'test-bucket',
  eventName = 'ObjectCreated:Put',
  key = 'scan.png',
  size = 1024,
  eTag = 'd41d8cd98f00b204e9800998ecf8427e',
  versionId,
  sequencer = '0055AED6DCD90281E5',
}: S3RecordFields = {}) => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: 'eu-central-1',
  eventTime: '2026-01-02T03:04:05.678Z',
  eventName,
  userIdentity: { principalId: 'AWS:AIDAJDPLRKLG7UEXAMPLE' },
  requestParameters: { sourceIPAddress: '127.0.0.1' },
  responseElements: {
    'x-amz-request-id': 'C3D13FE58DE4C810',
    'x-amz-id-2': 'FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD',
  },
  s3: {
    s3SchemaVersion: '1.0',
    configurationId: 'uploads',
    bucket: {
      name: bucket,
      ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
      arn: `arn:aws:s3:::${bucket}`,
    },
    object: { key, size, eTag, ...(versionId === undefined ? {} : { versionId }), sequencer },
  },
});

export const s3Body = (...records: ReturnType<typeof s3Record>[]): string => JSON.stringify({ Records: records });

/** What EventBridge puts on a queue for the same upload; keys are plain here. */
export const eventBridgeBody = (
  key: string,
  detailType = 'Object Created',
  {
    bucket = 'test-bucket',
    versionId = 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e' as string | null,
    etag = 'b1946ac92492d2347c6235b4d2611184' as string | null,
    sequencer = '617f08299329d189',
  } = {},
): string =>
  JSON.stringify({
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': detailType,
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-01-02T03:04:05Z',
    region: 'eu-central-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: {
        key,
        size: 5,
        etag,
        'version-id': versionId,
        sequencer,
      },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '123456789012',
      'source-ip-address': '1.2.3.4',
      reason: 'PutObject',
    },
  });

export const sqsRecord = (messageId: string, body: string, receiveCount = 1): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-${messageId}`,
  body,
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: '1767323045678',
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    ApproximateFirstReceiveTimestamp: '1767323045679',
  },
  messageAttributes: {},
  md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:111122223333:uploads',
  awsRegion: 'eu-central-1',
});

export const sqsEvent = (...records: SQSRecord[]): SQSEvent => ({ Records: records });
