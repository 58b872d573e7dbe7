import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { BackfillObject } from '../../core/backfill-scan';
import { SulcusError } from '../../core/errors';
import { errorFacts, isGone } from './s3-errors';

/**
 * An object as its event would have told of it, but for the sequencer, which only events have.
 * @returns undefined when there is none (any more). @throws STORE_UNAVAILABLE
 */
export const createObjectLookup =
  (client: Pick<S3Client, 'send'>) =>
  async (bucket: string, key: string): Promise<BackfillObject | undefined> => {
    try {
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      // What was put before its bucket kept versions is called so, and its event named none.
      const versionId = head.VersionId === undefined || head.VersionId === 'null' ? null : head.VersionId;
      return {
        bucket,
        key,
        versionId,
        etag: head.ETag?.replace(/^"(.*)"$/, '$1') ?? null,
        sizeBytes: head.ContentLength ?? null,
        sequencer: null,
        eventTime: (head.LastModified ?? new Date()).toISOString(),
      };
    } catch (cause) {
      if (isGone(cause)) return undefined;
      const received = errorFacts(cause).name || 'no answer';
      throw new SulcusError('STORE_UNAVAILABLE', `expected S3 to describe the object, received ${received}`, { cause });
    }
  };
