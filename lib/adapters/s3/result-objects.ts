import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SulcusError } from '../../core/errors';
import type { ResultObjects } from '../../core/ports';
import { type ScanRecord, toScanResult } from '../../core/scan-record';
import { RESULT_SUFFIX } from '../../topology';
import { errorFacts, isGone } from './s3-errors';

/** Says which event a result is of; an object without it is not ours. */
const SEQUENCER = 'sulcus-sequencer';

/** A write that lost against another one looks again; five in a row lose only to a bucket that is broken. */
const ATTEMPTS = 5;

interface Present {
  readonly etag: string;
  /** Undefined for an object of somebody else's. */
  readonly sequencer: string | undefined;
}

/** Another write came first: 412 when it is done, 409 while it happens. */
const isOvertaken = (error: unknown): boolean => [409, 412].includes(errorFacts(error).status);

/**
 * Results beside their scans in S3. Several versions of one key share one result object, and their events come in any
 * order; the object carries the sequencer of its event, and each write is conditional on what it has looked at.
 */
export const createS3ResultObjects = (client: S3Client): ResultObjects => {
  const look = async (bucket: string, key: string): Promise<Present | undefined> => {
    try {
      const { ETag = '', Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return { etag: ETag, sequencer: Metadata?.[SEQUENCER] };
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  };

  const write = async (bucket: string, key: string, record: ScanRecord): Promise<void> => {
    const sequencer = record.sequencer ?? '';
    const present = await look(bucket, key);
    if (present !== undefined && (present.sequencer === undefined || present.sequencer > sequencer)) return;
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: `${JSON.stringify(toScanResult(record))}\n`,
        ContentType: 'application/json',
        Metadata: { [SEQUENCER]: sequencer },
        ...(present === undefined ? { IfNoneMatch: '*' } : { IfMatch: present.etag }),
      }),
    );
  };

  return {
    put: async (record) => {
      const { bucket, key } = record.source;
      if (bucket === null || key === null) return;
      for (let attempt = 1; ; attempt += 1) {
        try {
          await write(bucket, `${key}${RESULT_SUFFIX}`, record);
          return;
        } catch (cause) {
          if (isOvertaken(cause) && attempt < ATTEMPTS) continue;
          throw new SulcusError(
            'STORE_UNAVAILABLE',
            `expected S3 to keep the result beside its scan, received ${errorFacts(cause).name || 'no answer'}`,
            { cause },
          );
        }
      }
    },
  };
};
