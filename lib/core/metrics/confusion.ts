import type { Statistic } from './statistic';

/** What was labelled and what was predicted, as indexes of labels. */
export interface Decisions {
  readonly labels: number;
  readonly truths: readonly number[];
  readonly predictions: readonly number[];
}

/** Counts by true label (row) and predicted label (column). */
export const confusionMatrix = ({ labels, truths, predictions }: Decisions, weights?: Float64Array): number[][] => {
  const rows = Array.from({ length: labels }, () => new Array<number>(labels).fill(0));
  truths.forEach((truth, item) => {
    const row = rows[truth] as number[];
    const column = predictions[item] as number;
    row[column] = (row[column] as number) + (weights?.[item] ?? 1);
  });
  return rows;
};

export interface ClassFigures {
  /** How many scans have the label. */
  readonly support: number;
  readonly predicted: number;
  /** Null when nothing was predicted so. */
  readonly precision: number | null;
  /** Null when nothing is labelled so. */
  readonly recall: number | null;
  /** `2 tp / (support + predicted)`; null when both are 0. */
  readonly f1: number | null;
}

/** Precision, recall and F1 of each label. */
export const classFigures = (matrix: readonly (readonly number[])[]): ClassFigures[] =>
  matrix.map((row, label) => {
    const hits = row[label] as number;
    const support = row.reduce((a, b) => a + b, 0);
    const predicted = matrix.reduce((sum, other) => sum + (other[label] as number), 0);
    return {
      support,
      predicted,
      precision: predicted === 0 ? null : hits / predicted,
      recall: support === 0 ? null : hits / support,
      f1: support + predicted === 0 ? null : (2 * hits) / (support + predicted),
    };
  });

/**
 * The mean F1 of the labels that the set has. A label it has not says nothing about the model's recall, so one that is
 * only predicted lowers the others' precision and is no term of its own, where scikit-learn would count it as 0.
 */
export const macroF1Of =
  (decisions: Decisions): Statistic =>
  (weights) => {
    const present = classFigures(confusionMatrix(decisions, weights)).filter(({ support }) => support > 0);
    return present.reduce((sum, { f1 }) => sum + (f1 ?? 0), 0) / present.length;
  };
