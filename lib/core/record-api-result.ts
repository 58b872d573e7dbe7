import { type Classification, type ClassifyScanDeps, classifyScan } from './classify-scan';
import type { ScanResult } from './contract';
import { type MeteredCaller, takeRate } from './limit-key';
import { type Meter, meterScan } from './meter-scan';
import type { Logger, ResultStore } from './ports';
import { idempotentScanId, randomScanId, sha256Hex } from './scan-ids';
import { logScan } from './scan-log';
import { type ScanRecord, sameRequest, toScanResult, truncateScores } from './scan-record';

export interface RecordApiResultDeps {
  readonly classify: ClassifyScanDeps;
  readonly results: ResultStore;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface ApiScan extends MeteredCaller {
  /** The image file as it came. */
  readonly bytes: Uint8Array;
  readonly idempotencyKey: string | null;
  /** False: answer and keep nothing. */
  readonly store: boolean;
  /** Digest of the bundle, if it is another than the main one: the same Idempotency-Key is another scan there. */
  readonly digest?: string;
}

/**
 * Classifies an image that came with the request and stores the result once. Without an Idempotency-Key every call is a
 * new scan. With one the scan id follows from API key and Idempotency-Key, so a repeated request is answered with what
 * the first one stored (which keeps the top scores only) and concurrent ones agree on whoever wrote first; the image's
 * bytes decide whether it is the same request, however they were wrapped. Nothing is stored for an image that is
 * refused, so the key stays free. With `store: false` nothing is written, the scan id still follows from the key.
 * Every call counts against the API key's rate; what it is answered from store, or loses to a concurrent request, is no
 * scan of its quota or its usage.
 * @returns the result with the scores of all labels
 * @throws QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED for the key of another image, SCAN_NOT_FOUND when that scan was deleted,
 * STORE_UNAVAILABLE, and what `classifyScan` throws
 */
export const recordApiResult = async (deps: RecordApiResultDeps, scan: ApiScan): Promise<ScanResult> => {
  const { bytes, apiKeyId, idempotencyKey, store, digest } = scan;
  await takeRate(deps.meter, scan);
  const keyed = idempotencyKey !== null;
  const operation = digest === undefined ? 'classify' : (`classify by ${digest}` as const);
  const scanId = keyed ? await idempotentScanId(apiKeyId ?? '', operation, idempotencyKey) : randomScanId();
  const requestHash = keyed ? await sha256Hex(bytes) : null;
  const earlier = keyed ? await deps.results.get(scanId) : undefined;
  if (earlier !== undefined) return toScanResult(sameRequest(earlier, requestHash));

  return meterScan(deps.meter, scan, { scanId, bytes: bytes.length }, async () => {
    const classification = await logScan(deps.logger, scanId, () => classifyScan(deps.classify, bytes));
    const record = toRecord({ scanId, requestHash, apiKeyId, classification, now: deps.now() });
    if (store) {
      const kept = sameRequest(await deps.results.createOnce(truncateScores(record)), requestHash);
      if (!isSameWrite(kept, record)) return { result: toScanResult(kept), computeMs: null };
    }
    return { result: toScanResult(record), computeMs: classification.timings.totalMs };
  });
};

/** Whether what is stored is this very record: a concurrent request of the same key may have been faster. */
const isSameWrite = (stored: ScanRecord, record: ScanRecord): boolean =>
  stored.createdAt === record.createdAt && stored.timings?.totalMs === record.timings?.totalMs;

interface RecordParts {
  readonly scanId: string;
  readonly requestHash: string | null;
  readonly apiKeyId: string | null;
  readonly classification: Classification;
  readonly now: number;
}

const toRecord = ({ scanId, requestHash, apiKeyId, classification, now }: RecordParts): ScanRecord => ({
  scanId,
  state: 'classified',
  label: classification.label,
  score: classification.score,
  scores: classification.scores,
  truncated: false,
  abstainReason: classification.abstainReason,
  model: classification.model,
  source: { kind: 'api', bucket: null, key: null, versionId: null },
  timings: classification.timings,
  error: null,
  apiKeyId,
  createdAt: new Date(now).toISOString(),
  sequencer: null,
  requestHash,
});
