import { SulcusError } from '../errors';
import type { Calibration } from './calibration-schema';

/** When to abstain: below a score, on the least sure share of scans, or until the rest is so often right. */
export type AbstainRule =
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'coverage'; readonly share: number }
  | { readonly kind: 'accuracy'; readonly share: number };

export interface JudgedScore {
  readonly confidence: number;
  readonly margin: number;
  /** Whether the answer was right. */
  readonly right: boolean;
}

/** A calibrated score of a half: below it the label is more likely wrong than right. */
export const DEFAULT_RULE: AbstainRule = { kind: 'score', score: 0.5 };

type Threshold = Calibration['threshold'];

/**
 * The score below which scans abstain.
 * @param judged scores of left-out subjects
 * @throws INVALID_REQUEST for an accuracy that no threshold reaches on at least a tenth of the scans
 */
export const chooseThreshold = (
  judged: readonly JudgedScore[],
  rule: AbstainRule,
): Pick<Threshold, 'score' | 'rule'> => {
  if (rule.kind === 'score') return { score: rule.score, rule: `a score of at least ${rule.score}` };
  const sorted = [...judged].sort((a, b) => b.confidence - a.confidence);
  if (rule.kind === 'coverage') {
    const last = sorted[Math.max(0, Math.ceil(rule.share * sorted.length) - 1)];
    const score = rule.share >= 1 ? 0 : floored(last?.confidence ?? 0);
    return { score, rule: `the surest ${percent(rule.share)} of left-out scans` };
  }
  return { score: thresholdFor(sorted, rule.share), rule: `${percent(rule.share)} right among left-out scans` };
};

/** An accuracy on fewer scans is luck. */
const LEAST_COVERAGE = 0.1;

/** The lowest threshold whose scans are right often enough: it keeps most. */
const thresholdFor = (sorted: readonly JudgedScore[], accuracy: number): number => {
  let [right, best] = [0, 0];
  let found: number | undefined;
  sorted.forEach((judged, index) => {
    right += judged.right ? 1 : 0;
    const share = right / (index + 1);
    // Equal scores stand or fall together.
    if ((index + 1) / sorted.length < LEAST_COVERAGE || sorted[index + 1]?.confidence === judged.confidence) return;
    best = Math.max(best, share);
    if (share >= accuracy) found = judged.confidence;
  });
  if (found !== undefined) return floored(found);
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected an accuracy that left-out scans reach, received ${accuracy}; the best threshold reaches ${best.toFixed(3)}`,
  );
};

/** Downwards, so that the scan at the threshold passes it. */
const floored = (score: number): number => Math.floor(score * 1e6) / 1e6;

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

export const coveredBy = (
  judged: readonly JudgedScore[],
  { score, margin }: Pick<Threshold, 'score' | 'margin'>,
): Pick<Calibration['fit'], 'coverage' | 'coveredAccuracy'> => {
  const covered = judged.filter((each) => each.confidence >= score && each.margin >= margin);
  const right = covered.filter((each) => each.right).length;
  const share = (value: number) => Number(value.toPrecision(6));
  return {
    coverage: share(covered.length / judged.length),
    coveredAccuracy: covered.length === 0 ? null : share(right / covered.length),
  };
};
