import type { Random } from '../seeded-random';
import type { Statistic } from './statistic';

/** 95 % interval: lower and upper end. */
export type Interval = readonly [number, number];

const TAIL = 0.025;
/** Of a figure that most replicates cannot tell (an AUC with one positive person, say) no interval is given. */
const DEFINED_SHARE = 0.5;

export interface BootstrapOptions {
  /** What is drawn: the cluster of each item, 0 to clusters - 1. Each item on its own: one cluster an item. */
  readonly clusters: readonly number[];
  readonly replicates: number;
  readonly random: Random;
}

/**
 * Percentile intervals of statistics, all from the same replicates: clusters are drawn with replacement, as many as there
 * are, each with all of its items. Items of one cluster (slices of a person) are near copies; drawn one by one they would
 * make intervals several times too narrow.
 */
export const bootstrapIntervals = <Name extends string>(
  statistics: Readonly<Record<Name, Statistic>>,
  { clusters, replicates, random }: BootstrapOptions,
): Record<Name, Interval | null> => {
  const names = Object.keys(statistics) as Name[];
  const drawn = new Map(names.map((name) => [name, [] as number[]]));
  const count = clusters.reduce((a, b) => Math.max(a, b), -1) + 1;
  const times = new Float64Array(count);
  const weights = new Float64Array(clusters.length);
  for (let replicate = 0; replicate < replicates; replicate++) {
    times.fill(0);
    for (let draw = 0; draw < count; draw++) {
      const cluster = Math.floor(random() * count);
      times[cluster] = (times[cluster] as number) + 1;
    }
    clusters.forEach((cluster, item) => {
      weights[item] = times[cluster] as number;
    });
    for (const name of names) {
      const value = statistics[name](weights);
      if (!Number.isNaN(value)) drawn.get(name)?.push(value);
    }
  }
  const intervals = names.map((name) => [name, percentileInterval(drawn.get(name) ?? [], replicates)]);
  return Object.fromEntries(intervals) as Record<Name, Interval | null>;
};

const percentileInterval = (values: readonly number[], replicates: number): Interval | null => {
  if (values.length === 0 || values.length < DEFINED_SHARE * replicates) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return [quantile(sorted, TAIL), quantile(sorted, 1 - TAIL)];
};

/** Linear between the nearest ranks, as numpy's default. */
export const quantile = (sorted: readonly number[], share: number): number => {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const [low, high] = [sorted[below] as number, sorted[Math.min(below + 1, sorted.length - 1)] as number];
  return low + (high - low) * (position - below);
};
