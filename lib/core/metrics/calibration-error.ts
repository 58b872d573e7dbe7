import type { Statistic } from './statistic';

export const CALIBRATION_BINS = 15;

export interface ReliabilityBin {
  /** Scores above `from` and up to `to`. */
  readonly from: number;
  readonly to: number;
  readonly scans: number;
  /** Means of the bin; null when it is empty. */
  readonly score: number | null;
  readonly accuracy: number | null;
}

/** Bins of equal width, each open below and closed above, as in https://arxiv.org/abs/1706.04599. */
const binOf = (score: number): number =>
  Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.ceil(score * CALIBRATION_BINS) - 1));

const sumBins = (scores: readonly number[], right: readonly boolean[], weights: Float64Array) => {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ count: 0, score: 0, right: 0 }));
  scores.forEach((score, item) => {
    const bin = bins[binOf(score)] as (typeof bins)[number];
    const weight = weights[item] as number;
    bin.count += weight;
    bin.score += weight * score;
    if (right[item]) bin.right += weight;
  });
  return bins;
};

/**
 * Expected calibration error of the top score, 15 bins: `Σ n_bin / n |accuracy - score|`.
 * @param scores score of the predicted label @param right whether that is the true label
 */
export const calibrationErrorOf =
  (scores: readonly number[], right: readonly boolean[]): Statistic =>
  (weights) => {
    const bins = sumBins(scores, right, weights);
    const total = bins.reduce((sum, { count }) => sum + count, 0);
    return bins.reduce((sum, bin) => sum + Math.abs(bin.right - bin.score), 0) / total;
  };

/** The bins of a reliability diagram. */
export const reliabilityBins = (scores: readonly number[], right: readonly boolean[]): ReliabilityBin[] =>
  sumBins(scores, right, new Float64Array(scores.length).fill(1)).map((bin, index) => ({
    from: index / CALIBRATION_BINS,
    to: (index + 1) / CALIBRATION_BINS,
    scans: bin.count,
    score: bin.count === 0 ? null : bin.score / bin.count,
    accuracy: bin.count === 0 ? null : bin.right / bin.count,
  }));
