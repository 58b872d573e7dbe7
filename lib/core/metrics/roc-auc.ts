import type { Statistic } from './statistic';

/**
 * Area under the ROC curve: the chance that a positive item scores higher than a negative one, ties counting half
 * (Mann-Whitney). NaN unless there are both.
 */
export const aucOf = (scores: readonly number[], positive: readonly boolean[]): Statistic => {
  const order = scores.map((_, item) => item).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  return (weights) => {
    let [wins, positives, negatives] = [0, 0, 0];
    for (let start = 0, end = 0; start < order.length; start = end) {
      const score = scores[order[start] as number];
      let [tiedPositives, tiedNegatives] = [0, 0];
      for (; end < order.length && scores[order[end] as number] === score; end++) {
        const item = order[end] as number;
        if (positive[item]) tiedPositives += weights[item] as number;
        else tiedNegatives += weights[item] as number;
      }
      wins += tiedPositives * (negatives + tiedNegatives / 2);
      positives += tiedPositives;
      negatives += tiedNegatives;
    }
    return wins / (positives * negatives);
  };
};

/** The mean of those that are defined; NaN when none is. */
export const meanStatisticOf =
  (statistics: readonly Statistic[]): Statistic =>
  (weights) => {
    const defined = statistics.map((statistic) => statistic(weights)).filter((value) => !Number.isNaN(value));
    return defined.reduce((a, b) => a + b, 0) / defined.length;
  };
