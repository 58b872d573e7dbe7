import type { GateStatistics } from './calibration/input-gate';
import type { ListQuery } from './contract';
import type { ScanEvent } from './event-contract';
import type { ImageProcessorConfig } from './image-processor';
import type { KeyHolder } from './key-limits';
import type { ModelManifest } from './model-manifest';
import type { ModelInput, ModelOutput, OutputValues } from './model-outputs';
import type { ScanRecord, Tombstone } from './scan-record';

/** What the core needs from the world. Adapters implement these; contract suites in test/contracts hold them to it. */

export interface DecodedImage {
  /** Row-major, interleaved, 8 bit: `height * width * channels` bytes. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1 when red, green and blue are equal everywhere: a third of the memory and of the resizing. */
  readonly channels: 1 | 3;
  /** Hands the pixels' share of the memory budget back; `pixels` is empty from then on. Call once, in a `finally`. */
  dispose(): void;
}

export interface ImageDecoder {
  /**
   * The first frame of an image file, EXIF orientation applied, as Pillow's `exif_transpose(image).convert('RGB')`.
   * 16-bit samples are scaled by their full range; alpha is dropped, not blended. Waits for its share of a memory budget.
   * @throws UNSUPPORTED_IMAGE for a format not in the list, IMAGE_TOO_LARGE over the pixel limit, UNREADABLE_IMAGE for
   * an empty, truncated or corrupt file or one that takes too long.
   */
  decode(bytes: Uint8Array): Promise<DecodedImage>;
}

/** An opened model bundle. */
export interface ClassifierModel {
  readonly manifest: ModelManifest;
  readonly imageProcessor: ImageProcessorConfig;
  /** Statistics of the input gate; null where the manifest's calibration has none. */
  readonly gate: GateStatistics | null;
  /**
   * One forward pass.
   * @param wanted what to fetch of it: only that is copied out of the runtime
   * @returns finite values: `logits` one per label, `features` and `pooled` one per channel, `attention` [heads, tokens]
   * with the CLS token first
   * @throws INFERENCE_FAILED, also for what the manifest says the model has not
   */
  run<Name extends ModelOutput>(input: ModelInput, wanted: readonly Name[]): Promise<OutputValues<Name>>;
  dispose(): Promise<void>;
}

export interface ObjectReference {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | null;
  /** Unquoted. With one, `read` gives exactly that content or SCAN_NOT_FOUND. */
  readonly etag: string | null;
}

export interface UploadTicket {
  readonly uploadUrl: string;
  readonly method: 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface ScanStore {
  /**
   * @throws SCAN_NOT_FOUND when the object (or this content of it) is gone, IMAGE_TOO_LARGE over `maxBytes` before
   * reading it whole, STORE_UNAVAILABLE otherwise.
   */
  read(reference: ObjectReference, maxBytes: number): Promise<Uint8Array>;
  /** A URL to which the holder may PUT one object under `key` until it expires. */
  createUpload(key: string, contentType: string): Promise<UploadTicket>;
  /** Removes every version of an object; one that is not there is fine. @throws STORE_UNAVAILABLE */
  remove(bucket: string, key: string): Promise<void>;
}

/** Results as objects beside their scans, `<key>.sulcus.json`. */
export interface ResultObjects {
  /**
   * Writes an upload's result as the API would answer it, unless that of a newer event of the same key is there, or an
   * object that is none of ours.
   * @throws STORE_UNAVAILABLE
   */
  put(record: ScanRecord): Promise<void>;
}

/** How a conditional write ended: `kept` means that what is stored is as new or final, so the write changed nothing. */
export type RecordOutcome = 'stored' | 'kept' | 'deleted';

export interface ListFilter extends Omit<ListQuery, 'cursor' | 'limit'> {}

export interface ResultStore {
  /** @throws STORE_UNAVAILABLE (as does every method here) */
  get(scanId: string): Promise<ScanRecord | Tombstone | undefined>;
  /**
   * Writes the record only if the scan has none and no tombstone; answers what is stored then: the very object given when
   * it was written, the earlier entry otherwise.
   */
  createOnce(record: ScanRecord): Promise<ScanRecord | Tombstone>;
  /**
   * Writes what an upload event led to, unless something as new is final:
   * `kept` when a record with a greater sequencer, one with an equal sequencer that is classified or rejected, or the
   * result of an API call is there (pending gives way to any event, failed to an equal one), or what a backfill made of
   * the same version; `deleted` when a tombstone is.
   */
  recordEvent(record: ScanRecord & { readonly sequencer: string }): Promise<RecordOutcome>;
  /**
   * Writes a record in place of the one that was seen, or where none was: `kept` when something else is there by now,
   * `deleted` when a tombstone is.
   */
  replace(record: ScanRecord, seen: ScanRecord | undefined): Promise<RecordOutcome>;
  /** Newest first by createdAt, then scanId; a cursor that is not ours is INVALID_REQUEST. */
  list(
    filter: ListFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ records: ScanRecord[]; nextCursor: string | null }>;
  /** Replaces the record by a tombstone; answers the record that was there, undefined if there was none. */
  bury(scanId: string): Promise<ScanRecord | undefined>;
}

export interface ApiKeyRecord extends KeyHolder {
  /** Public name of the key, which outlives rotations: the first 12 hex digits of its first secret's SHA-256. */
  readonly keyId: string;
  /** SHA-256 of the secret it was found by (its first one in a list), hex. The secret is shown once and stored nowhere. */
  readonly keyHash: string;
  readonly name: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  /** When the secret it was found by ends; in a list, when the one replaced last ends. Null: never (replaced). */
  readonly expiresAt: string | null;
}

export interface KeyRotation {
  /** SHA-256 of the new secret, hex. */
  readonly keyHash: string;
  readonly rotatedAt: string;
  /** When the secrets before it end, unless they end earlier already. */
  readonly earlierEndAt: string;
}

export interface ApiKeyStore {
  create(record: ApiKeyRecord): Promise<void>;
  /** The key that has a secret with this hash, revoked, expired or not. */
  find(keyHash: string): Promise<ApiKeyRecord | undefined>;
  /** The key of this id, as a list has it. */
  get(keyId: string): Promise<ApiKeyRecord | undefined>;
  /** Oldest first, revoked ones included. */
  list(): Promise<ApiKeyRecord[]>;
  /** Gives a key another secret in one step; false when there is no such key or it is revoked. */
  rotate(keyId: string, rotation: KeyRotation): Promise<boolean>;
  /** Ends all secrets of a key. False when there is no such key; revoking twice keeps the first date. */
  revoke(keyId: string, revokedAt: string): Promise<boolean>;
}

/** A stretch of time in which a key has so much. */
export interface LimitWindow {
  readonly keyId: string;
  /** Kind and start, such as `minute#2026-01-31T12:00`: one counter each. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

export interface LimitStore {
  /**
   * Takes one of the `limit` of a window; false when none is left, and then takes nothing. However many callers ask at
   * once, never more than `limit` hear true. @throws STORE_UNAVAILABLE, and then one may have been taken
   */
  take(window: LimitWindow, limit: number): Promise<boolean>;
  /** Hands one back; a window that is not there (any more) stays away. */
  giveBack(window: Omit<LimitWindow, 'endsAt'>): Promise<void>;
  /** How many are taken. */
  taken(window: Omit<LimitWindow, 'endsAt'>): Promise<number>;
}

/** What adds up for a key and day: whole numbers, so that sums are exact. */
export interface UsageAmounts {
  readonly scans: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly computeMicroseconds: number;
  readonly costNanodollars: number;
}

export interface UsageDay extends UsageAmounts {
  /** `2026-01-31`, in UTC. */
  readonly day: string;
}

export interface UsageStore {
  /**
   * Adds to the counters of a key's day, atomically and at most once: a failure may have added, never twice.
   * @param scanId spreads the writes of a busy key over several counters
   */
  add(keyId: string, day: string, scanId: string, amounts: UsageAmounts): Promise<void>;
  /** The days from `from` to `to`, both included, that have anything, oldest first. */
  list(keyId: string, from: string, to: string): Promise<UsageDay[]>;
}

export interface EventBus {
  /** Publishes in this order; answers which of them were taken. Never throws: what failed is not taken. */
  publish(events: readonly ScanEvent[]): Promise<boolean[]>;
}

/**
 * POSTs and answers the status, whatever it is. Follows no redirection.
 * @throws WEBHOOK_UNDELIVERED when there is no answer, or the address is one it must not go to
 */
export type WebhookSender = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number>;

export interface TokenVerifier {
  /**
   * Who a token was issued to, when issuer, audience, time and signature are right.
   * @throws UNAUTHORIZED, STORE_UNAVAILABLE when the issuer's keys cannot be had
   */
  verify(token: string): Promise<{ readonly issuer: string; readonly subject: string }>;
}

/** Runs work as a named part of the trace of a request, if there is one. The name holds nothing of a scan. */
export type Trace = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

/** Facts only: no pixels, object keys, file names, header values or event bodies. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` keeps its stack and causes. */
  error(message: string, error: unknown, fields?: LogFields): void;
}
