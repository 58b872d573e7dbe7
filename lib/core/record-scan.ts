import { RESULT_SUFFIX } from '../topology';
import type { Classification } from './classify-scan';
import { isSulcusError } from './errors';
import { examine, type Findings, type RecordScanDeps, toUploadRecord, type UploadEvent } from './examine-upload';
import { countUpload } from './meter-upload';
import { announcedScanId, objectScanId } from './scan-ids';
import { isTombstone, type ScanRecord, type Tombstone } from './scan-record';
import { BACKFILLED, normaliseSequencer } from './sequencer';

export type { RecordScanDeps, UploadEvent } from './examine-upload';

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

/** True when an event with this normalised sequencer, of this version of its object, can change nothing any more. */
export const isSettled = (
  stored: ScanRecord | Tombstone | undefined,
  sequencer: string,
  versionId: string | null,
): boolean => {
  if (stored === undefined) return false;
  if (isTombstone(stored)) return true;
  const { sequencer: earlier, state } = stored;
  if (earlier === null) return state !== 'pending';
  if (earlier === BACKFILLED && stored.source.versionId === versionId) return true;
  return earlier > sequencer || (earlier === sequencer && (state === 'classified' || state === 'rejected'));
};

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
  if (stored !== undefined && isSettled(stored, sequencer, event.versionId)) {
    // The event came again: perhaps because the first delivery ended between both writes.
    if (stored.sequencer === sequencer) await resultObjects?.put(stored);
    return { scanId, outcome: 'kept' };
  }

  const findings = await find(stored);
  const { classification, bytes, allowance } = findings;
  const found = toUploadRecord(event, { scanId, sequencer }, stored, findings);
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
