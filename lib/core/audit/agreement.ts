/** How well groups that were found are those that are known. */
export interface Agreement {
  readonly subjects: number;
  readonly heads: number;
  /** Heads with all scans of one subject and no others. */
  readonly exact: number;
  /** Heads with scans of several subjects. */
  readonly mixed: number;
  /** Subjects whose scans are in several heads. */
  readonly divided: number;
  /** Of pairs of scans found to be of one head, the share of one subject; null when no pair was found. */
  readonly pairPrecision: number | null;
  /** Of pairs of one subject, the share found; null when every subject has one scan. */
  readonly pairRecall: number | null;
  /** The mean over scans of the share of their head that is of their subject (B-cubed), and the other way round. */
  readonly scanPrecision: number;
  readonly scanRecall: number;
}

/**
 * @param heads what was found, of each scan
 * @param subjects what is known, of each scan
 */
export const agreementOf = (heads: readonly number[], subjects: readonly string[]): Agreement => {
  const headSizes = countBy(heads);
  const subjectSizes = countBy(subjects);
  const cells = new Map<string, { head: number; subject: string; scans: number }>();
  heads.forEach((head, scan) => {
    const subject = subjects[scan] as string;
    const key = `${head} ${subject}`;
    const cell = cells.get(key) ?? { head, subject, scans: 0 };
    cell.scans += 1;
    cells.set(key, cell);
  });
  const all = [...cells.values()];
  const headOf = ({ head }: (typeof all)[number]): number => headSizes.get(head) as number;
  const subjectOf = ({ subject }: (typeof all)[number]): number => subjectSizes.get(subject) as number;
  const together = sum(all.map(({ scans }) => pairsOf(scans)));
  const ratio = (whole: number): number | null => (whole > 0 ? together / whole : null);
  return {
    subjects: subjectSizes.size,
    heads: headSizes.size,
    exact: all.filter((cell) => cell.scans === headOf(cell) && cell.scans === subjectOf(cell)).length,
    mixed: [...countBy(all.map(({ head }) => head)).values()].filter((count) => count > 1).length,
    divided: [...countBy(all.map(({ subject }) => subject)).values()].filter((count) => count > 1).length,
    pairPrecision: ratio(sum([...headSizes.values()].map(pairsOf))),
    pairRecall: ratio(sum([...subjectSizes.values()].map(pairsOf))),
    scanPrecision: sum(all.map((cell) => cell.scans ** 2 / headOf(cell))) / heads.length,
    scanRecall: sum(all.map((cell) => cell.scans ** 2 / subjectOf(cell))) / heads.length,
  };
};

const pairsOf = (count: number): number => (count * (count - 1)) / 2;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const countBy = <Key>(keys: readonly Key[]): Map<Key, number> => {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};
