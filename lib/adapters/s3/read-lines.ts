import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SulcusError } from '../../core/errors';
import { errorFacts, isGone } from './s3-errors';

/**
 * Lines of text objects, as they come.
 * @returns undefined when there is no such object. @throws STORE_UNAVAILABLE
 */
export const createLineReader =
  (client: S3Client) =>
  async ({
    bucket,
    key,
  }: {
    readonly bucket: string;
    readonly key: string;
  }): Promise<AsyncIterable<string> | undefined> => {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return createInterface({ input: Body as Readable, crlfDelay: Number.POSITIVE_INFINITY });
    } catch (cause) {
      if (isGone(cause)) return undefined;
      const received = errorFacts(cause).name || 'no answer';
      throw new SulcusError('STORE_UNAVAILABLE', `expected S3 to hand over a report, received ${received}`, { cause });
    }
  };
