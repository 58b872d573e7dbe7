import type { ScoredScan } from './scored-scan';

/** What all scans of one subject say together. */
export interface ScoredPerson {
  /** Most frequent label of the scans; the first in label order of several. */
  readonly truth: number;
  /** Mean of the scans' scores, in label order. */
  readonly scores: readonly number[];
  readonly scans: number;
  /** Whether the scans do not agree about the label. */
  readonly severalLabels: boolean;
}

/** One per subject, in the order in which subjects first come. */
export const toPeople = (scans: readonly ScoredScan[]): ScoredPerson[] => {
  const bySubject = new Map<string | null, ScoredScan[]>();
  for (const scan of scans) {
    const own = bySubject.get(scan.subject);
    if (own === undefined) bySubject.set(scan.subject, [scan]);
    else own.push(scan);
  }
  return [...bySubject.values()].map((own) => {
    const labels = own[0]?.scores.length ?? 0;
    const counts = new Array<number>(labels).fill(0);
    const sums = new Array<number>(labels).fill(0);
    for (const { truth, scores } of own) {
      counts[truth] = (counts[truth] as number) + 1;
      scores.forEach((score, label) => {
        sums[label] = (sums[label] as number) + score;
      });
    }
    return {
      truth: highest(counts),
      scores: sums.map((sum) => sum / own.length),
      scans: own.length,
      severalLabels: counts.filter((count) => count > 0).length > 1,
    };
  });
};

/** Index of the largest value, the first of equal ones. */
export const highest = (values: readonly number[]): number =>
  values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);
