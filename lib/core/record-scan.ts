import { LIMITS, RESULT_SUFFIX } from '../topology';
import { type Classification, type ClassifyScanDeps, classifyScan } from './classify-scan';
import type { ScanError } from './contract';
import { type ErrorCode, isSulcusError, type SulcusError } from './errors';
import { countUpload, takeUploadQuota, type UploadAllowance, type UploadMeterDeps } from './meter-upload';
import type { ObjectReference, ResultObjects, ResultStore, ScanStore } from './ports';
import { announcedScanId, objectScanId } from './scan-ids';
import { isTombstone, type ScanRecord, type Tombstone, truncateScores } from './scan-record';
import { normaliseSequencer } from './sequencer';

/** An object that was created, as the store told it. The same event may come twice, and events in any order. */
export interface UploadEvent extends ObjectReference {
  /** Null when the notification does not say. */
  readonly sizeBytes: number | null;
  /** As the store gave it: orders the events of one key. */
  readonly sequencer: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly eventTime: string;
}

export interface RecordScanDeps extends UploadMeterDeps {
  readonly classify: ClassifyScanDeps;
  readonly results: ResultStore;
  readonly scans: ScanStore;
  /** The bucket announced uploads come to; what is in any other is somebody else's, and stays. */
  readonly bucketName: string;
  /** Where each result is written beside its scan too. @default nowhere */
  readonly resultObjects?: ResultObjects;
}

/**
 * `classified`, `rejected`: written now. `kept`: what is stored is as new and final. `deleted`: a tombstone stands.
 * `retry`, `failed`: not done, the event must stay in its queue; `failed` has been written for the reader to see.
 */
export type RecordScanOutcome = 'classified' | 'rejected' | 'kept' | 'deleted' | 'retry' | 'failed';

export interface RecordedScan {
  readonly scanId: string;
  readonly outcome: RecordScanOutcome;
  readonly classification?: Classification;
  /** What went wrong, for the log: the reason of a rejection, or the failure underneath `retry` and `failed`. */
  readonly error?: unknown;
}

/** Says something about this file, or that the model labels none, and will say it again; all else may pass. */
const REJECTING: ReadonlySet<ErrorCode> = new Set([
  'INVALID_REQUEST',
  'SCAN_NOT_FOUND',
  'IMAGE_TOO_LARGE',
  'UNSUPPORTED_IMAGE',
  'UNREADABLE_IMAGE',
  'MODEL_HAS_NO_LABELS',
  // Of a file that was put again where an earlier one was announced: it comes again only by being put again.
  'QUOTA_EXCEEDED',
]);

const rejects = (error: unknown): error is SulcusError => isSulcusError(error) && REJECTING.has(error.code);

/** True when the event with this normalised sequencer can change nothing any more. */
export const isSettled = (stored: ScanRecord | Tombstone | undefined, sequencer: string): boolean => {
  if (stored === undefined) return false;
  if (isTombstone(stored)) return true;
  const { sequencer: earlier, state } = stored;
  if (earlier === null) return state !== 'pending';
  return earlier > sequencer || (earlier === sequencer && (state === 'classified' || state === 'rejected'));
};

interface Findings {
  readonly state: 'classified' | 'rejected' | 'failed';
  readonly classification?: Classification;
  readonly error?: ScanError;
  /** Of the file. */
  readonly bytes?: number;
  readonly allowance?: UploadAllowance;
}

/**
 * One upload event becomes one stored result, however often and in whatever order events come: the scan's id derives
 * from the object, the write is conditional on the sequencer, and only the write that stores is counted. Never throws: a failure
 * that may pass is `retry`, or `failed` on the last receive.
 */
export const recordScan = async (
  deps: RecordScanDeps,
  event: UploadEvent,
  { lastReceive }: { readonly lastReceive: boolean },
): Promise<RecordedScan> => {
  try {
    return await record(deps, event, (stored) => examine(deps, event, stored));
  } catch (error) {
    return lastReceive
      ? recordFailure(deps, event, error)
      : { scanId: await objectScanId(event, deps.bucketName), outcome: 'retry', error };
  }
};

/** Writes that the scan failed, for an event that its queue gives up on; `retry` when not even that can be written. */
export const recordFailure = async (
  deps: RecordScanDeps,
  event: UploadEvent,
  cause: unknown,
): Promise<RecordedScan> => {
  const code = isSulcusError(cause) ? cause.code : 'INTERNAL';
  const message = 'the scan could not be classified for a reason on our side; it is kept for another attempt';
  try {
    const recorded = await record(deps, event, async () => ({ state: 'failed', error: { code, message } }));
    return recorded.outcome === 'failed' ? { ...recorded, error: cause } : recorded;
  } catch {
    return { scanId: await objectScanId(event, deps.bucketName), outcome: 'retry', error: cause };
  }
};

const record = async (
  deps: RecordScanDeps,
  event: UploadEvent,
  find: (stored: ScanRecord | undefined) => Promise<Findings>,
): Promise<RecordedScan> => {
  const { results, scans, bucketName, resultObjects } = deps;
  const scanId = await objectScanId(event, bucketName);
  const sequencer = normaliseSequencer(event.sequencer);
  const stored = await results.get(scanId);
  const buried = async (): Promise<RecordedScan> => {
    // What DELETE took away must not stay in the bucket because its upload ended later. Other objects are not ours.
    if (announcedScanId(event, bucketName) === scanId) {
      await scans.remove(event.bucket, event.key);
      if (resultObjects !== undefined) await scans.remove(event.bucket, `${event.key}${RESULT_SUFFIX}`);
    }
    return { scanId, outcome: 'deleted' };
  };
  if (stored !== undefined && isTombstone(stored)) return buried();
  if (stored !== undefined && isSettled(stored, sequencer)) {
    // The event came again: perhaps because the first delivery ended between both writes.
    if (stored.sequencer === sequencer) await resultObjects?.put(stored);
    return { scanId, outcome: 'kept' };
  }

  const { classification, bytes, allowance, ...findings } = await find(stored);
  const found = truncateScores({
    scanId,
    ...findings,
    error: findings.error ?? null,
    label: classification?.label ?? null,
    score: classification?.score ?? null,
    scores: classification?.scores ?? [],
    truncated: false,
    abstainReason: classification?.abstainReason ?? null,
    model: classification?.model ?? null,
    timings: classification?.timings ?? null,
    source: { kind: 'upload', bucket: event.bucket, key: event.key, versionId: event.versionId },
    ...originOf(stored, event),
    sequencer,
  });
  const written = await results.recordEvent(found);
  if (written !== 'stored') await allowance?.undone();
  if (written === 'deleted') return buried();
  if (written === 'kept') return { scanId, outcome: 'kept' };
  // Counted behind the write that stored it, by whoever wrote: an event that comes again finds it kept.
  if (findings.state === 'rejected') await allowance?.refused();
  if (findings.state !== 'failed') await countUpload(deps, found, { classification, bytes });
  await resultObjects?.put(found);
  return { scanId, outcome: findings.state, classification, error: findings.error };
};

const examine = async (deps: RecordScanDeps, event: UploadEvent, stored: ScanRecord | undefined): Promise<Findings> => {
  let allowance: UploadAllowance | undefined;
  try {
    allowance = await takeUploadQuota(deps, stored);
    const image = await deps.scans.read(event, LIMITS.uploadBytes);
    const classification = await classifyScan(deps.classify, image);
    return { state: 'classified', classification, bytes: image.length, allowance };
  } catch (error) {
    if (!rejects(error)) {
      await allowance?.undone();
      throw error;
    }
    const reason: ScanError = { code: error.code, message: error.message };
    return { state: 'rejected', error: reason, allowance };
  }
};

/**
 * What was announced keeps when and by which key it was, through any number of uploads to its URL. A record that no
 * announcement made dates from its own event, whichever came before it: otherwise the order of delivery would show.
 */
const originOf = (
  stored: ScanRecord | undefined,
  event: UploadEvent,
): Pick<ScanRecord, 'createdAt' | 'apiKeyId' | 'requestHash'> =>
  stored !== undefined && (stored.sequencer === null || stored.apiKeyId !== null)
    ? { createdAt: stored.createdAt, apiKeyId: stored.apiKeyId, requestHash: stored.requestHash }
    : { createdAt: event.eventTime, apiKeyId: null, requestHash: null };
