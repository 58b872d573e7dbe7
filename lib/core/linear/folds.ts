import { type Random, shuffledIndexes } from '../seeded-random';

export interface FoldOptions {
  readonly count: number;
  readonly random: Random;
}

/**
 * Deals groups to folds so that each label is spread over them: groups in random order within their label, rarest label
 * first, each to the fold that has least of that label and, of those, least at all. No group is in two folds.
 * @param groups group of each item, any numbers; each item its own group for folds of items
 * @param targets label of each item; a group counts with all of its items
 * @returns the fold of each item, 0 to count - 1
 */
export const dealFolds = (
  groups: readonly number[],
  targets: readonly number[],
  { count, random }: FoldOptions,
): number[] => {
  const sizes = labelCounts(groups, targets);
  const totals = Array.from({ length: count }, () => ({ all: 0, byLabel: new Map<number, number>() }));
  const foldOf = new Map<number, number>();
  for (const [group, counts] of dealingOrder(sizes, random)) {
    const [main] = mainLabel(counts);
    const have = (fold: number) => totals[fold]?.byLabel.get(main) ?? 0;
    const all = (fold: number) => totals[fold]?.all ?? 0;
    let best = 0;
    for (let fold = 1; fold < count; fold++) {
      if (have(fold) < have(best) || (have(fold) === have(best) && all(fold) < all(best))) best = fold;
    }
    foldOf.set(group, best);
    const total = totals[best] as (typeof totals)[number];
    for (const [label, items] of counts) {
      total.all += items;
      total.byLabel.set(label, (total.byLabel.get(label) ?? 0) + items);
    }
  }
  return groups.map((group) => foldOf.get(group) as number);
};

type LabelCounts = Map<number, number>;

const labelCounts = (groups: readonly number[], targets: readonly number[]): Map<number, LabelCounts> => {
  const sizes = new Map<number, LabelCounts>();
  groups.forEach((group, item) => {
    const counts = sizes.get(group) ?? new Map<number, number>();
    const target = targets[item] as number;
    counts.set(target, (counts.get(target) ?? 0) + 1);
    sizes.set(group, counts);
  });
  return sizes;
};

const mainLabel = (counts: LabelCounts): [number, number] =>
  [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most));

const dealingOrder = (sizes: Map<number, LabelCounts>, random: Random): [number, LabelCounts][] => {
  const entries = [...sizes];
  const groupsOf = new Map<number, number>();
  for (const [, counts] of entries) {
    const [label] = mainLabel(counts);
    groupsOf.set(label, (groupsOf.get(label) ?? 0) + 1);
  }
  const rarity = ([, counts]: [number, LabelCounts]) => groupsOf.get(mainLabel(counts)[0]) as number;
  return shuffledIndexes(entries.length, random)
    .map((index) => entries[index] as [number, LabelCounts])
    .sort((a, b) => rarity(a) - rarity(b));
};
