import { LIMITS } from '../topology';
import { type Classification, type ClassifyScanDeps, classifyScan } from './classify-scan';
import type { ScanError } from './contract';
import { type ErrorCode, isSulcusError, type SulcusError } from './errors';
import { takeUploadQuota, type UploadAllowance, type UploadMeterDeps } from './meter-upload';
import type { ObjectReference, ResultObjects, ResultStore, ScanStore } from './ports';
import { type ScanRecord, truncateScores } from './scan-record';

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

export interface Findings {
  readonly state: 'classified' | 'rejected' | 'failed';
  readonly classification?: Classification;
  readonly error?: ScanError;
  /** Of the file. */
  readonly bytes?: number;
  readonly allowance?: UploadAllowance;
}

/**
 * Reads an object and classifies it. What is said of the file is its result; any other failure is thrown.
 * @param stored what is known of the scan before
 */
export const examine = async (
  deps: RecordScanDeps,
  object: ObjectReference,
  stored: ScanRecord | undefined,
): Promise<Findings> => {
  let allowance: UploadAllowance | undefined;
  try {
    allowance = await takeUploadQuota(deps, stored);
    const image = await deps.scans.read(object, LIMITS.uploadBytes);
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

/** The record of what was found in an object. */
export const toUploadRecord = <Sequencer extends string | null>(
  object: Pick<UploadEvent, 'bucket' | 'key' | 'versionId' | 'eventTime'>,
  { scanId, sequencer }: { readonly scanId: string; readonly sequencer: Sequencer },
  stored: ScanRecord | undefined,
  { state, classification, error }: Findings,
): ScanRecord & { readonly sequencer: Sequencer } =>
  truncateScores({
    scanId,
    state,
    error: error ?? null,
    label: classification?.label ?? null,
    score: classification?.score ?? null,
    scores: classification?.scores ?? [],
    truncated: false,
    abstainReason: classification?.abstainReason ?? null,
    model: classification?.model ?? null,
    timings: classification?.timings ?? null,
    source: { kind: 'upload', bucket: object.bucket, key: object.key, versionId: object.versionId },
    ...originOf(stored, object),
    sequencer,
  });

/**
 * What was announced keeps when and by which key it was, through any number of uploads to its URL. A record that no
 * announcement made dates from its own event, whichever came before it: otherwise the order of delivery would show.
 */
const originOf = (
  stored: ScanRecord | undefined,
  event: Pick<UploadEvent, 'eventTime'>,
): Pick<ScanRecord, 'createdAt' | 'apiKeyId' | 'requestHash'> =>
  stored !== undefined && (stored.sequencer === null || stored.apiKeyId !== null)
    ? { createdAt: stored.createdAt, apiKeyId: stored.apiKeyId, requestHash: stored.requestHash }
    : { createdAt: event.eventTime, apiKeyId: null, requestHash: null };
