import { decodeCursor, encodeCursor, positionOf } from '../../lib/adapters/dynamodb/cursor';
import type { ScanResult } from '../../lib/core/contract';
import { SulcusError } from '../../lib/core/errors';
import type {
  ApiKeyRecord,
  ApiKeyStore,
  ListFilter,
  ObjectReference,
  ResultObjects,
  ResultStore,
  ScanStore,
} from '../../lib/core/ports';
import { isTombstone, type ScanRecord, type Tombstone, toScanResult } from '../../lib/core/scan-record';
import { BACKFILLED } from '../../lib/core/sequencer';
import { LIMITS } from '../../lib/topology';

/** In-memory stores for unit tests; they pass the same contract suites as the real ones. */

interface Entry {
  readonly stored: ScanRecord | Tombstone;
  /** Milliseconds since the epoch, rounded up to the second as DynamoDB's TTL is; null for never. */
  readonly expiresAt: number | null;
}

export interface MemoryResultStore extends ResultStore {
  /** Everything stored and not expired, for assertions. */
  readonly entries: () => (ScanRecord | Tombstone)[];
}

const DAY_MS = 86_400_000;

const isFinal = (record: ScanRecord): boolean => record.state === 'classified' || record.state === 'rejected';

const positionIn = (record: ScanRecord): string => positionOf(record.createdAt, record.scanId);

const matches = (record: ScanRecord, { label, state, key, from, to }: ListFilter): boolean =>
  (label === undefined || (record.state === 'classified' && record.label === label)) &&
  (state === undefined || record.state === state) &&
  (key === undefined || record.source.key === key) &&
  (from === undefined || record.createdAt >= from) &&
  (to === undefined || record.createdAt <= to);

const isSame = (earlier: ScanRecord | undefined, seen: ScanRecord | undefined): boolean =>
  earlier?.state === seen?.state &&
  earlier?.createdAt === seen?.createdAt &&
  earlier?.sequencer === seen?.sequencer &&
  earlier?.model?.digest === seen?.model?.digest;

export const createMemoryResultStore = ({
  now = Date.now,
  tombstoneDays = LIMITS.tombstoneDays,
}: {
  now?: () => number;
  tombstoneDays?: number | null;
} = {}): MemoryResultStore => {
  const table = new Map<string, Entry>();
  const get = (scanId: string): ScanRecord | Tombstone | undefined => {
    const entry = table.get(scanId);
    return entry === undefined || (entry.expiresAt !== null && entry.expiresAt <= now()) ? undefined : entry.stored;
  };
  const put = (stored: ScanRecord | Tombstone, days: number | null): void => {
    const expiresAt = days === null ? null : Math.ceil(now() / 1000) * 1000 + days * DAY_MS;
    table.set(stored.scanId, { stored: structuredClone(stored), expiresAt });
  };
  const putRecord = (record: ScanRecord): void => put(record, record.state === 'pending' ? LIMITS.tombstoneDays : null);
  const entries = () => [...table.keys()].map(get).filter((stored) => stored !== undefined);

  return {
    entries,
    get: async (scanId) => get(scanId),
    createOnce: async (record) => {
      const earlier = get(record.scanId);
      if (earlier !== undefined) return earlier;
      putRecord(record);
      return record;
    },
    recordEvent: async (record) => {
      const earlier = get(record.scanId);
      if (earlier !== undefined && isTombstone(earlier)) return 'deleted';
      if (earlier !== undefined && earlier.sequencer === null && earlier.state !== 'pending') return 'kept';
      const earlierSequencer = earlier?.sequencer ?? '';
      if (earlierSequencer > record.sequencer) return 'kept';
      if (earlierSequencer === BACKFILLED && earlier?.source.versionId === record.source.versionId) return 'kept';
      if (earlier !== undefined && earlierSequencer === record.sequencer && isFinal(earlier)) return 'kept';
      putRecord(record);
      return 'stored';
    },
    replace: async (record, seen) => {
      const earlier = get(record.scanId);
      if (earlier !== undefined && isTombstone(earlier)) return 'deleted';
      if (!isSame(earlier, seen)) return 'kept';
      putRecord(record);
      return 'stored';
    },
    list: async (filter, limit, cursor) => {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const found = entries()
        .filter((stored): stored is ScanRecord => !isTombstone(stored))
        .filter((record) => matches(record, filter) && (after === undefined || positionIn(record) < after))
        .sort((a, b) => (positionIn(a) < positionIn(b) ? 1 : -1));
      const records = found.slice(0, limit);
      const last = records.at(-1);
      return { records, nextCursor: found.length > limit && last ? encodeCursor(positionIn(last)) : null };
    },
    bury: async (scanId) => {
      const earlier = get(scanId);
      if (earlier === undefined || isTombstone(earlier)) return undefined;
      put({ scanId, deleted: true }, tombstoneDays);
      return earlier;
    },
  };
};

export const createMemoryApiKeyStore = (): ApiKeyStore => {
  const keys = new Map<string, ApiKeyRecord>();
  const secrets = new Map<string, { keyId: string; expiresAt: string | null }>();
  const secretsOf = (keyId: string) => [...secrets].filter(([, secret]) => secret.keyId === keyId);
  const listed = (record: ApiKeyRecord): ApiKeyRecord => ({
    ...record,
    expiresAt: secretsOf(record.keyId).at(-2)?.[1].expiresAt ?? null,
  });
  return {
    create: async (record) => {
      const earlier = keys.get(record.keyId);
      if (earlier !== undefined && earlier.keyHash !== record.keyHash) {
        throw new SulcusError('STORE_UNAVAILABLE', 'expected an unused key id, received one that another key has');
      }
      if (earlier !== undefined) return;
      keys.set(record.keyId, { ...record });
      secrets.set(record.keyHash, { keyId: record.keyId, expiresAt: null });
    },
    find: async (keyHash) => {
      const secret = secrets.get(keyHash);
      const record = secret && keys.get(secret.keyId);
      return record && secret && { ...record, keyHash, expiresAt: secret.expiresAt };
    },
    get: async (keyId) => {
      const record = keys.get(keyId);
      return record && listed(record);
    },
    list: async () =>
      [...keys.values()]
        .map(listed)
        .sort((a, b) => (`${a.createdAt}#${a.keyId}` < `${b.createdAt}#${b.keyId}` ? -1 : 1)),
    rotate: async (keyId, { keyHash, earlierEndAt }) => {
      const record = keys.get(keyId);
      if (record === undefined || record.revokedAt !== null) return false;
      for (const [, secret] of secretsOf(keyId)) {
        if (secret.expiresAt === null || secret.expiresAt > earlierEndAt) secret.expiresAt = earlierEndAt;
      }
      secrets.set(keyHash, { keyId, expiresAt: null });
      return true;
    },
    revoke: async (keyId, revokedAt) => {
      const record = keys.get(keyId);
      if (record === undefined) return false;
      keys.set(keyId, { ...record, revokedAt: record.revokedAt ?? revokedAt });
      return true;
    },
  };
};

export interface MemoryScanStore extends ScanStore {
  /** Puts an object as a PUT would: a new etag, and a new version unless the bucket keeps none. */
  readonly put: (bucket: string, key: string, bytes: Uint8Array) => ObjectReference;
  readonly has: (bucket: string, key: string) => boolean;
}

export const createMemoryScanStore = ({
  now = Date.now,
  bucketName = 'test-bucket',
  versioned = true,
}: {
  now?: () => number;
  bucketName?: string;
  versioned?: boolean;
} = {}): MemoryScanStore => {
  const versions: { bucket: string; key: string; versionId: string | null; etag: string; bytes: Uint8Array }[] = [];
  let puts = 0;
  const remove = (bucket: string, key: string): void => {
    for (let index = versions.length - 1; index >= 0; index -= 1) {
      const version = versions[index];
      if (version?.bucket === bucket && version.key === key) versions.splice(index, 1);
    }
  };
  return {
    put: (bucket, key, bytes) => {
      puts += 1;
      const version = { bucket, key, versionId: versioned ? `version-${puts}` : null, etag: `etag-${puts}`, bytes };
      if (!versioned) remove(bucket, key);
      versions.push(version);
      return { bucket, key, versionId: version.versionId, etag: version.etag };
    },
    has: (bucket, key) => versions.some((version) => version.bucket === bucket && version.key === key),
    read: async ({ bucket, key, versionId, etag }, maxBytes) => {
      const found = versions.findLast(
        (version) =>
          version.bucket === bucket && version.key === key && (versionId === null || version.versionId === versionId),
      );
      if (found === undefined || (etag !== null && found.etag !== etag)) {
        throw new SulcusError(
          'SCAN_NOT_FOUND',
          'expected the uploaded object, received nothing: it is gone or replaced',
        );
      }
      if (found.bytes.length > maxBytes) {
        throw new SulcusError(
          'IMAGE_TOO_LARGE',
          `expected an object of at most ${maxBytes} bytes, received ${found.bytes.length}`,
        );
      }
      return found.bytes;
    },
    createUpload: async (key, contentType) => ({
      uploadUrl: `https://${bucketName}.test/${key}`,
      method: 'PUT',
      headers: { 'content-type': contentType },
      expiresAt: new Date(now() + LIMITS.uploadUrlSeconds * 1000).toISOString(),
    }),
    remove: async (bucket, key) => remove(bucket, key),
  };
};

export interface MemoryResultObjects extends ResultObjects {
  readonly get: (bucket: string, key: string) => ScanResult | undefined;
  /** Makes the next write fail as a store that does not answer. */
  readonly failNext: () => void;
}

/** Results beside scans, by bucket and key of the scan. */
export const createMemoryResultObjects = (): MemoryResultObjects => {
  const objects = new Map<string, ScanRecord>();
  let failing = false;
  const place = (bucket: string | null, key: string | null): string => `${bucket}/${key}`;
  return {
    put: async (record) => {
      if (failing) {
        failing = false;
        throw new SulcusError('STORE_UNAVAILABLE', 'expected an answer, received none');
      }
      const at = place(record.source.bucket, record.source.key);
      const earlier = objects.get(at)?.sequencer ?? '';
      if (earlier <= (record.sequencer ?? '')) objects.set(at, record);
    },
    get: (bucket, key) => {
      const record = objects.get(place(bucket, key));
      return record && toScanResult(record);
    },
    failNext: () => {
      failing = true;
    },
  };
};
