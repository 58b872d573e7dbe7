import type { LabelScore, ModelReference, ScanError, ScanResult, ScanSource, ScanState, Timings } from './contract';
import { NOTICE, RESULT_SCHEMA_VERSION } from './contract';

/** A scan as it is stored: the result without what is constant, with what keeps it exactly-once. */
export interface ScanRecord {
  readonly scanId: string;
  readonly state: ScanState;
  readonly label: string | null;
  readonly score: number | null;
  /** Highest first; at most the top 20, then `truncated`. */
  readonly scores: readonly LabelScore[];
  readonly truncated: boolean;
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

/** The record as the API answers it. */
export const toScanResult = ({ sequencer, requestHash, ...record }: ScanRecord): ScanResult => ({
  schemaVersion: RESULT_SCHEMA_VERSION,
  ...record,
  scores: [...record.scores],
  notice: NOTICE,
});
