import { type BackfillReport, emptyReport, mergeReports, reportOf } from './backfill-report';
import { type BackfillDeps, type BackfilledScan, type BackfillObject, backfillScan } from './backfill-scan';
import { requireLabels } from './classify-scan';
import { isSulcusError, SulcusError } from './errors';
import type { Logger } from './ports';
import { workThrough } from './work-through';

/** An object by its name; what is not known before it is looked up. */
export interface BackfillItem {
  readonly key: string;
  /** The object as it is now; undefined when it is gone. @throws STORE_UNAVAILABLE */
  readonly look: () => Promise<BackfillObject | undefined>;
}

export interface BackfillScansDeps extends BackfillDeps {
  readonly logger: Logger;
  /** Waits before another try. */
  readonly pause: (ms: number) => Promise<unknown>;
}

export interface BackfillOptions {
  /** Classify nothing, and say what would be. */
  readonly dryRun: boolean;
  /** Objects at work at once. */
  readonly concurrency: number;
  /** False once no further object may be started; those that are left fail, for another run. @default always true */
  readonly inTime?: () => boolean;
  /** Told of each object as it is done. */
  readonly onDone?: () => void;
}

/** A store that is busy may answer a second later; one that is gone is for another run. */
const PAUSES_MS = [200, 1_000, 3_000];

const codeOf = (error: unknown): string => (isSulcusError(error) ? error.code : 'INTERNAL');

/**
 * Classifies every object that has no result of this model yet, each once (`backfillScan`), and reports. One that fails
 * is tried four times, then counted as failed; it stops no other.
 * @throws MODEL_UNAVAILABLE, MODEL_HAS_NO_LABELS before the first
 */
export const backfillScans = async (
  deps: BackfillScansDeps,
  items: AsyncIterable<BackfillItem> | Iterable<BackfillItem>,
  options: BackfillOptions,
): Promise<BackfillReport> => {
  requireLabels((await deps.classify.model()).manifest);
  let report = emptyReport();
  // A listing that breaks off ends the run, but not in the middle of another object.
  await workThrough(items, options.concurrency, async (item) => {
    const part = await backfillItem(deps, item, options);
    report = mergeReports(report, part);
    options.onDone?.();
  });
  return report;
};

const backfillItem = async (
  deps: BackfillScansDeps,
  item: BackfillItem,
  { dryRun, inTime = () => true }: BackfillOptions,
): Promise<BackfillReport> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (!inTime()) throw new SulcusError('INTERNAL', 'expected time for the scan, received too little');
      const object = await item.look();
      if (object === undefined) return reportOf(item.key, { outcome: 'deleted' });
      const scan = await backfillScan(deps, object, { dryRun });
      log(deps.logger, scan);
      return reportOf(item.key, scan);
    } catch (error) {
      const pauseMs = PAUSES_MS[attempt];
      const retryable = !isSulcusError(error) || error.retryable;
      if (retryable && pauseMs !== undefined && inTime()) {
        await deps.pause(pauseMs);
        continue;
      }
      deps.logger.error('scan', error, { outcome: 'failed', backfill: true });
      return reportOf(item.key, { outcome: 'failed' }, codeOf(error));
    }
  }
};

/** The one line of a scan that was worked on; of those that were done before there is nothing to say. */
const log = (logger: Logger, { scanId, outcome, record, classification }: BackfilledScan): void => {
  if (outcome !== 'classified' && outcome !== 'rejected') return;
  const { decodeMs, preprocessMs, inferenceMs } = { ...classification?.timings };
  const abstainReason = classification?.abstainReason;
  logger.info('scan', {
    scanId,
    outcome,
    backfill: true,
    code: record?.error?.code,
    modelDigest: classification?.model.digest,
    decodeMs,
    preprocessMs,
    inferenceMs,
    ...(abstainReason === undefined ? {} : { abstained: abstainReason !== null, abstainReason }),
  });
};
