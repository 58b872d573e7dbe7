import type { ScanState } from '../../lib/core/contract';
import { randomScanId } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';

/** A scan as it is stored in this state, with what a test names replaced. */
export const scanRecord = (state: ScanState, given: Partial<ScanRecord> = {}): ScanRecord => {
  const classified = state === 'classified';
  const label = given.label ?? 'glioma';
  const score = given.score ?? 0.97;
  return {
    scanId: randomScanId(),
    state,
    scores: classified
      ? [
          { label, score, logit: 3.25 },
          { label: 'no_tumor', score: 1 - score, logit: -0.125 },
        ]
      : [],
    truncated: false,
    abstainReason: null,
    model: classified ? { name: 'vit-small', version: '1.0.0', digest: `sha256:${'ab'.repeat(32)}` } : null,
    source: { kind: 'upload', bucket: 'scans', key: 'incoming/slice 1.png', versionId: 'v1' },
    timings: classified ? { decodeMs: 1.5, preprocessMs: 0.1 + 0.2, inferenceMs: 12.25, totalMs: 14.375 } : null,
    error:
      state === 'rejected' || state === 'failed'
        ? { code: state === 'failed' ? 'INTERNAL' : 'UNREADABLE_IMAGE', message: 'expected an image, received noise' }
        : null,
    apiKeyId: null,
    createdAt: '2026-11-23T10:00:00.000Z',
    sequencer: null,
    requestHash: null,
    ...given,
    label: classified ? label : null,
    score: classified ? score : null,
  };
};

/** A sequencer as recordEvent takes it: order as text is order in time. */
export const sequencerOf = (order: number): string =>
  order.toString(16).toUpperCase().padStart(16, '0').padEnd(64, '0');
