import { LIMITS } from '../topology';
import type {
  AbstainReason,
  LabelScore,
  ModelReference,
  ScanError,
  ScanResult,
  ScanSource,
  ScanState,
  Timings,
} from './contract';
import { NOTICE, RESULT_SCHEMA_VERSION } from './contract';
import { SulcusError } from './errors';

/** A scan as it is stored: the result without what is constant, with what keeps it exactly-once. */
export interface ScanRecord {
  readonly scanId: string;
  readonly state: ScanState;
  readonly label: string | null;
  readonly score: number | null;
  /** Highest first; at most the top 20, then `truncated`. */
  readonly scores: readonly LabelScore[];
  readonly truncated: boolean;
  /** Null unless the scan abstained. */
  readonly abstainReason: AbstainReason | null;
  readonly model: ModelReference | null;
  readonly source: ScanSource;
  readonly timings: Timings | null;
  readonly error: ScanError | null;
  readonly apiKeyId: string | null;
  /** ISO 8601 in UTC with milliseconds, so that text order is time order. */
  readonly createdAt: string;
  /** Normalised S3 sequencer of the event that made this record; null for API results and pending scans. */
  readonly sequencer: string | null;
  /** SHA-256 of the request that carried the Idempotency-Key, null without one. */
  readonly requestHash: string | null;
}

/** What DELETE leaves: nothing of the scan but the fact that it must not come back. */
export interface Tombstone {
  readonly scanId: string;
  readonly deleted: true;
}

export const isTombstone = (entry: ScanRecord | Tombstone): entry is Tombstone => 'deleted' in entry;

/** The record as the API answers it: its members in the contract's order, wherever the record came from. */
export const toScanResult = (record: ScanRecord): ScanResult => ({
  schemaVersion: RESULT_SCHEMA_VERSION,
  scanId: record.scanId,
  state: record.state,
  label: record.label,
  score: record.score,
  scores: [...record.scores],
  truncated: record.truncated,
  abstained: record.abstainReason !== null,
  abstainReason: record.abstainReason,
  model: record.model,
  source: record.source,
  timings: record.timings,
  error: record.error,
  apiKeyId: record.apiKeyId,
  createdAt: record.createdAt,
  notice: NOTICE,
});

/** The record as it is kept, with its top scores only: a thousand labels would fill the table with what nobody reads. */
export const truncateScores = <R extends ScanRecord>(record: R): R => ({
  ...record,
  scores: record.scores.slice(0, LIMITS.storedScores),
  truncated: record.scores.length > LIMITS.storedScores,
});

/**
 * What is stored under an Idempotency-Key, when it is the caller's own request again.
 * @throws SCAN_NOT_FOUND for a tombstone, IDEMPOTENCY_KEY_REUSED when another request used the key
 */
export const sameRequest = (stored: ScanRecord | Tombstone, requestHash: string | null): ScanRecord => {
  if (isTombstone(stored)) {
    throw new SulcusError(
      'SCAN_NOT_FOUND',
      'expected an Idempotency-Key of a kept scan, received one of a deleted scan',
    );
  }
  if (stored.requestHash !== requestHash) {
    throw new SulcusError(
      'IDEMPOTENCY_KEY_REUSED',
      'expected a new Idempotency-Key for a new request, received the key of another request',
    );
  }
  return stored;
};

/** The answer for a scan that is not there (any more). */
export const scanNotFound = (): SulcusError =>
  new SulcusError('SCAN_NOT_FOUND', 'expected the id of a stored scan, received one that is unknown or deleted');
