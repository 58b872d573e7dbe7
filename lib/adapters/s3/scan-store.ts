import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { isSulcusError, SulcusError } from '../../core/errors';
import type { ObjectReference, ScanStore } from '../../core/ports';
import { errorFacts, isGone } from './s3-errors';

export interface S3ScanStoreOptions {
  readonly client: S3Client;
  /** Where announced uploads go. Events name their bucket themselves. */
  readonly bucketName: string;
  readonly uploadUrlSeconds: number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** 64 MiB arrive from the same region in about a second; a body that takes longer than this is not coming. */
const BODY_TIMEOUT_MS = 15_000;

/** Gone, or replaced: that is 412, since an unversioned object is asked for by its ETag. */
const isGoneOrReplaced = (error: unknown): boolean => isGone(error) || errorFacts(error).status === 412;

const unavailable = (cause: unknown, what: string): SulcusError =>
  new SulcusError('STORE_UNAVAILABLE', `expected S3 to ${what}, received ${errorFacts(cause).name || 'no answer'}`, {
    cause,
  });

const tooLarge = (maxBytes: number, sizeBytes: number): SulcusError =>
  new SulcusError('IMAGE_TOO_LARGE', `expected an object of at most ${maxBytes} bytes, received ${sizeBytes} or more`);

/** Scans in S3, bucket versioned or not. A version is read by its id, otherwise exactly the content of the ETag. */
export const createS3ScanStore = ({
  client,
  bucketName,
  uploadUrlSeconds,
  now = Date.now,
}: S3ScanStoreOptions): ScanStore => ({
  read: async (reference, maxBytes) => {
    try {
      return await readObject(client, reference, maxBytes);
    } catch (error) {
      if (isSulcusError(error)) throw error;
      if (isGoneOrReplaced(error)) {
        throw new SulcusError(
          'SCAN_NOT_FOUND',
          'expected the uploaded object, received nothing: it is gone or replaced',
          {
            cause: error,
          },
        );
      }
      throw unavailable(error, 'hand over the object');
    }
  },

  createUpload: async (key, contentType) => {
    const signingDate = new Date(now());
    const command = new PutObjectCommand({ Bucket: bucketName, Key: key, ContentType: contentType });
    try {
      const uploadUrl = await getSignedUrl(client, command, {
        expiresIn: uploadUrlSeconds,
        signingDate,
        signableHeaders: new Set(['content-type', 'host']),
      });
      // X-Amz-Date has whole seconds, and the URL expires that long after it.
      const expires = Math.floor(signingDate.getTime() / 1000) * 1000 + uploadUrlSeconds * 1000;
      return {
        uploadUrl,
        method: 'PUT',
        headers: { 'content-type': contentType },
        expiresAt: new Date(expires).toISOString(),
      };
    } catch (error) {
      throw unavailable(error, 'sign an upload');
    }
  },

  remove: async (bucket, key) => {
    try {
      await removeVersions(client, bucket, key);
    } catch (error) {
      if (!isGoneOrReplaced(error)) throw unavailable(error, 'remove the object');
    }
  },
});

const readObject = async (
  client: S3Client,
  { bucket, key, versionId, etag }: ObjectReference,
  maxBytes: number,
): Promise<Uint8Array> => {
  const { Body, ContentLength } = await client.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(versionId === null ? {} : { VersionId: versionId }),
      ...(versionId === null && etag !== null ? { IfMatch: `"${etag}"` } : {}),
    }),
  );
  // In Node the SDK's body is a Readable; its type also covers browsers.
  const body = Body as Readable;
  const timer = setTimeout(
    () => body.destroy(new Error(`no end of the body within ${BODY_TIMEOUT_MS} ms`)),
    BODY_TIMEOUT_MS,
  );
  try {
    if (ContentLength !== undefined && ContentLength > maxBytes) throw tooLarge(maxBytes, ContentLength);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes, sizeBytes);
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks, sizeBytes);
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
};

/** Every version and delete marker of exactly this key; a bucket without versions lists its one object as `null`. */
const removeVersions = async (client: S3Client, bucket: string, key: string): Promise<void> => {
  let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (marker !== undefined) {
    const page: Awaited<ReturnType<typeof listVersions>> = await listVersions(client, bucket, key, marker);
    for (const versionId of page.versionIds) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
    }
    marker = page.next;
  }
};

const listVersions = async (
  client: S3Client,
  bucket: string,
  key: string,
  marker: { KeyMarker?: string; VersionIdMarker?: string },
) => {
  const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...marker }));
  const versionIds = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    .filter((version) => version.Key === key)
    .map((version) => version.VersionId ?? 'null');
  // Keys come in order, so the key itself comes before all that merely begin with it.
  const next =
    page.IsTruncated === true && page.NextKeyMarker === key
      ? { KeyMarker: key, ...(page.NextVersionIdMarker ? { VersionIdMarker: page.NextVersionIdMarker } : {}) }
      : undefined;
  return { versionIds, next };
};
