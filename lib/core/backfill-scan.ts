import { type Classification, requireLabels } from './classify-scan';
import type { ErrorCode } from './errors';
import { examine, type Findings, type RecordScanDeps, toUploadRecord, type UploadEvent } from './examine-upload';
import { BUCKET_USAGE } from './meter-scan';
import { countUpload } from './meter-upload';
import { announcedScanId, objectScanId } from './scan-ids';
import { isTombstone, type ScanRecord } from './scan-record';
import { BACKFILLED, normaliseSequencer } from './sequencer';

/** An object that is there, of which no event tells. */
export interface BackfillObject extends Omit<UploadEvent, 'sequencer'> {
  /** Of its event, where the store can still tell; null where it cannot. */
  readonly sequencer: string | null;
}

export interface BackfillDeps extends RecordScanDeps {
  /** Results from before are not kept, so nothing as old is worth a result: ISO 8601. @default all are kept */
  readonly keptFrom?: string;
}

/**
 * `classified`, `rejected`: written now. `kept`: a result of this model is there, or what an event writes meanwhile.
 * `due`: would be classified, in a dry run. `deleted`: a tombstone stands, or the object is gone. `expired`: older than
 * results are kept. `failed`: nothing is written, and another run tries again.
 */
export const backfillOutcomes = ['classified', 'rejected', 'kept', 'due', 'deleted', 'expired', 'failed'] as const;
export type BackfillOutcome = (typeof backfillOutcomes)[number];

export interface BackfilledScan {
  readonly scanId: string;
  readonly outcome: BackfillOutcome;
  /** What is stored now: undefined where nothing is, or nobody has looked again. */
  readonly record?: ScanRecord;
  readonly classification?: Classification;
}

/**
 * Say something about the bytes, which the same model will say again, or that an upload's key had nothing left, which only
 * its own upload may try again. All other rejections are tried again.
 */
const FINAL_REJECTIONS: ReadonlySet<string> = new Set<ErrorCode>([
  'INVALID_REQUEST',
  'IMAGE_TOO_LARGE',
  'UNSUPPORTED_IMAGE',
  'UNREADABLE_IMAGE',
  'QUOTA_EXCEEDED',
]);

/**
 * Whether a scan has its result: of this model, or a rejection. That of an API call stays. An announced scan whose
 * record is of another version was uploaded again, and that upload's event is on its way.
 */
const hasResult = (stored: ScanRecord, digest: string, { versionId }: BackfillObject, announced: boolean): boolean => {
  const { state, sequencer, model, error } = stored;
  if (state === 'pending') return false;
  if (sequencer === null) return true;
  if (announced && stored.source.versionId !== versionId) return true;
  if (state === 'classified') return model?.digest === digest;
  return state === 'rejected' && FINAL_REJECTIONS.has(error?.code ?? '');
};

/**
 * Classifies an object unless it has a result of this model already, by the same steps as an upload and under the same
 * id. However many runs and events work on one object at a time, one of them writes: a backfill writes only in place of
 * what it has seen, and `recordEvent` takes its result for that of the object's own event.
 * @throws what an upload would be tried again for: STORE_UNAVAILABLE, MODEL_UNAVAILABLE, INFERENCE_FAILED;
 * MODEL_HAS_NO_LABELS before anything is read
 */
export const backfillScan = async (
  deps: BackfillDeps,
  object: BackfillObject,
  { dryRun }: { readonly dryRun: boolean },
): Promise<BackfilledScan> => {
  const { manifest } = await deps.classify.model();
  requireLabels(manifest);
  const scanId = await objectScanId(object, deps.bucketName);
  const stored = await deps.results.get(scanId);
  if (stored !== undefined && isTombstone(stored)) return { scanId, outcome: 'deleted' };
  const announced = announcedScanId(object, deps.bucketName) !== undefined;
  if (stored !== undefined && hasResult(stored, manifest.digest, object, announced)) {
    return { scanId, outcome: 'kept', record: stored };
  }
  const createdAt = stored?.createdAt ?? object.eventTime;
  if (deps.keptFrom !== undefined && createdAt < deps.keptFrom) return { scanId, outcome: 'expired' };
  if (dryRun) return { scanId, outcome: 'due', record: stored };

  // A second look at a scan that was classified is not its key's: no quota is taken and nothing counted there.
  const again = stored?.state === 'classified';
  const findings = await examine(deps, object, again ? undefined : stored);
  if (findings.error?.code === 'SCAN_NOT_FOUND') {
    await findings.allowance?.undone();
    return { scanId, outcome: 'deleted' };
  }
  return write(deps, object, { scanId, stored, findings, again });
};

interface Found {
  readonly scanId: string;
  readonly stored: ScanRecord | undefined;
  readonly findings: Findings;
  readonly again: boolean;
}

const write = async (
  deps: BackfillDeps,
  object: BackfillObject,
  { scanId, stored, findings, again }: Found,
): Promise<BackfilledScan> => {
  const own = object.sequencer === null ? BACKFILLED : normaliseSequencer(object.sequencer);
  const record = toUploadRecord(object, { scanId, sequencer: stored?.sequencer ?? own }, stored, findings);
  const { classification, bytes, allowance } = findings;
  const written = await deps.results.replace(record, stored);
  if (written !== 'stored') await allowance?.undone();
  if (written === 'deleted') return { scanId, outcome: 'deleted' };
  if (written === 'kept') return { scanId, outcome: 'kept', record: await current(deps, scanId) };
  if (findings.state === 'rejected') await allowance?.refused();
  const counted = again ? { scanId, apiKeyId: BUCKET_USAGE } : record;
  await countUpload(deps, counted, { classification, bytes });
  await deps.resultObjects?.put(record);
  return { scanId, outcome: findings.state, record, classification };
};

/** What somebody else wrote meanwhile. */
const current = async ({ results }: BackfillDeps, scanId: string): Promise<ScanRecord | undefined> => {
  const stored = await results.get(scanId);
  return stored === undefined || isTombstone(stored) ? undefined : stored;
};
