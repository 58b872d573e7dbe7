import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createHandler } from '../../functions/classify-upload/handler';
import { createS3Client, createS3ScanStore } from '../../lib/adapters/s3';
import type { ScanRecord } from '../../lib/core/scan-record';
import { createFakeClassify } from '../support/fake-classifier';
import { createLogRecorder } from '../support/log-recorder';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultStore } from '../support/memory-stores';
import { sqsEvent, sqsRecord } from '../support/s3-messages';

const endpoint = process.env.SULCUS_TEST_S3_ENDPOINT;
const KEYS = ['plain.png', 'gone.png', 'space plus+percent%.png', 'café (1).png', '🧠/a/b.png', '%2B.png'];

/** SQS over plain HTTP: one test is no reason for another SDK client. */
const callQueue = async (action: string, body: object): Promise<Record<string, never>> => {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AmazonSQS.${action}`,
    authorization:
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
  };
  const response = await fetch(`${endpoint}/`, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, never>;
};

/** Real notifications of an independent S3, through its queue into the handler. */
const run = endpoint === undefined ? describe.skip : describe;
run('S3 notifications (set SULCUS_TEST_S3_ENDPOINT to a server that speaks S3 and SQS)', () => {
  it('lead to one result an object, under the key as it was put', async () => {
    const client = createS3Client({ endpoint });
    const bucket = `sulcus-events-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const { QueueUrl } = await callQueue('CreateQueue', { QueueName: bucket });
    const { Attributes } = await callQueue('GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn'] });
    const { QueueArn } = Attributes as unknown as { QueueArn: string };
    const notification = { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }] };
    await client.send(
      new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration: notification }),
    );
    for (const [index, Key] of KEYS.entries()) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Uint8Array.of(index) }));
    }
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'gone.png' }));
    const bodies: string[] = [];
    for (;;) {
      const answer = await callQueue('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
      const messages = (answer.Messages ?? []) as unknown as { Body: string }[];
      if (messages.length === 0) break;
      bodies.push(...messages.map(({ Body }) => Body));
    }
    const results = createMemoryResultStore();
    const scans = createS3ScanStore({ client, bucketName: bucket, uploadUrlSeconds: 900 });
    const handler = createHandler({
      classify: createFakeClassify(),
      results,
      scans,
      ...createUploadMeter(),
      bucketName: bucket,
      logger: createLogRecorder(),
      maxReceiveCount: 5,
    });
    const event = sqsEvent(...[...bodies, ...bodies].map((body, index) => sqsRecord(`m${index}`, body)));

    const response = await handler(event, { getRemainingTimeInMillis: () => 60_000 });

    expect(response).toEqual({ batchItemFailures: [] });
    const stored = results.entries() as ScanRecord[];
    expect(stored.map(({ source }) => source.key).toSorted()).toEqual(KEYS.toSorted());
    const rejected = stored.filter(({ state }) => state !== 'classified');
    expect(rejected.map(({ source, error }) => [source.key, error?.code])).toEqual([['gone.png', 'SCAN_NOT_FOUND']]);
    client.destroy();
  });
});
