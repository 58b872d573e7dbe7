/**
 * A figure of a set of items, each counted `weights[item]` times: 1 for the set itself, how often it was drawn for a
 * bootstrap replicate. NaN where the figure is not defined, as an AUC without positives is not. What does not depend on
 * the weights (sorting, say) is done once, when the statistic is made.
 */
export type Statistic = (weights: Float64Array) => number;

/** The mean of one value per item. */
export const meanOf =
  (values: readonly number[]): Statistic =>
  (weights) => {
    let [sum, count] = [0, 0];
    for (let item = 0; item < values.length; item++) {
      sum += (weights[item] as number) * (values[item] as number);
      count += weights[item] as number;
    }
    return sum / count;
  };

/** JSON has no NaN. */
export const toNullable = (value: number): number | null => (Number.isNaN(value) ? null : value);
