export interface CoveragePoint {
  /** Share of the scans whose score is at least `threshold`. */
  readonly coverage: number;
  readonly scans: number;
  readonly threshold: number;
  /** Of those scans. */
  readonly accuracy: number;
}

/** Enough for a curve, and little enough for a report. */
const MOST_POINTS = 100;

/**
 * What abstaining below a score would buy: for thresholds from the highest score down, how many scans are still answered
 * and how often the answer is right. Scans of one score are answered together. At most 100 points, evenly spaced in
 * coverage; the last has every scan.
 */
export const coverageCurve = (scores: readonly number[], right: readonly boolean[]): CoveragePoint[] => {
  const steps = allSteps(scores, right);
  const every = Math.max(1, scores.length / MOST_POINTS);
  let next = every;
  return steps.filter((point, index) => {
    if (point.scans < next && index < steps.length - 1) return false;
    while (next <= point.scans) next += every;
    return true;
  });
};

/**
 * Area under the risk-coverage curve (https://arxiv.org/abs/1805.08206): the mean, over the scans by descending score, of
 * the error rate among those answered so far; lower is better.
 */
export const riskCoverageArea = (scores: readonly number[], right: readonly boolean[]): number => {
  let [area, before] = [0, 0];
  for (const { scans, accuracy } of allSteps(scores, right)) {
    area += (scans - before) * (1 - accuracy);
    before = scans;
  }
  return area / scores.length;
};

const allSteps = (scores: readonly number[], right: readonly boolean[]): CoveragePoint[] => {
  const order = scores.map((_, scan) => scan).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const steps: CoveragePoint[] = [];
  let hits = 0;
  order.forEach((scan, index) => {
    if (right[scan]) hits += 1;
    const threshold = scores[scan] as number;
    if (threshold === scores[order[index + 1] ?? -1]) return;
    const scans = index + 1;
    steps.push({ coverage: scans / scores.length, scans, threshold, accuracy: hits / scans });
  });
  return steps;
};
