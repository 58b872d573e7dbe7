import { RESULT_SUFFIX, UPLOAD_PREFIX } from '../topology';
import type { ObjectReference } from './ports';

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 as 64 lower-case hex digits; text is hashed as UTF-8. */
export const sha256Hex = async (data: string | Uint8Array): Promise<string> => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
};

/** 128 bits of a hash are plenty for an id and keep URLs short. */
const idOf = async (...parts: readonly (string | null)[]): Promise<string> =>
  (await sha256Hex(JSON.stringify(parts))).slice(0, 32);

export const randomScanId = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)));

/** Same API key, operation and Idempotency-Key: same scan. That alone makes a retried POST write once. */
export const idempotentScanId = (
  apiKeyId: string,
  operation: 'classify' | 'announce' | `classify by ${string}`,
  idempotencyKey: string,
): Promise<string> => idOf('idempotency', apiKeyId, operation, idempotencyKey);

export const uploadKey = (scanId: string): string => `${UPLOAD_PREFIX}${scanId}`;

/**
 * The scan id that POST /v1/scans put into this object's key, undefined for any other object: also for one of that name
 * in another bucket than ours, where it is somebody else's.
 */
export const announcedScanId = (
  { bucket, key }: Pick<ObjectReference, 'bucket' | 'key'>,
  ownBucket: string,
): string | undefined =>
  bucket === ownBucket && key.startsWith(UPLOAD_PREFIX)
    ? /^[0-9a-f]{32}$/.exec(key.slice(UPLOAD_PREFIX.length))?.[0]
    : undefined;

/**
 * The scan an object is: announced uploads keep their id; for anything else the same bucket, key and content (its
 * version, or its ETag where the bucket keeps no versions) is the same scan, and new content is another.
 * @param ownBucket the bucket announced uploads come to
 */
export const objectScanId = async (object: ObjectReference, ownBucket: string): Promise<string> =>
  announcedScanId(object, ownBucket) ?? idOf('object', object.bucket, object.key, object.versionId ?? object.etag);

/**
 * Whether an object can be a scan. The console's "create folder" makes an empty object with a trailing slash; results
 * are written beside scans. Neither is one.
 */
export const isScanObject = ({
  key,
  sizeBytes,
}: {
  readonly key: string;
  readonly sizeBytes: number | null;
}): boolean => !(key.endsWith('/') && sizeBytes === 0) && !key.endsWith(RESULT_SUFFIX);
