import { seededRandom } from '../seeded-random';
import { bootstrapIntervals, type Interval } from './bootstrap';
import { calibrationErrorOf, type ReliabilityBin, reliabilityBins } from './calibration-error';
import { type ClassFigures, classFigures, confusionMatrix, macroF1Of } from './confusion';
import { type CoveragePoint, coverageCurve, riskCoverageArea } from './coverage-curve';
import { brierScore, negativeLogScore, sigmoidLoss, softmaxLoss } from './losses';
import { highest, type ScoredPerson, toPeople } from './people';
import { aucOf, meanStatisticOf } from './roc-auc';
import type { ScoredScan } from './scored-scan';
import { meanOf, type Statistic, toNullable } from './statistic';

export interface LabelFigures extends ClassFigures {
  readonly label: string;
  /** This label against the rest, by its score. */
  readonly auc: number | null;
}

/** Two sets of labels to tell apart: any of the first against any of the second, by the sum of the first's scores. */
export interface Contrast {
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

/** What is said of scans and of people alike; null where a figure is not defined. */
export interface DecisionFigures {
  readonly accuracy: number | null;
  /** Mean F1 of the labels that occur. */
  readonly macroF1: number | null;
  /** Mean of the labels' one-vs-rest AUCs, as far as they are defined. */
  readonly macroAuc: number | null;
  /** AUC of the contrast; null without one. */
  readonly contrastAuc: number | null;
  readonly perClass: readonly LabelFigures[];
  /** Rows: true labels, columns: predicted ones, both in label order. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** 95 % bootstrap intervals of the figures above, by their names. */
  readonly intervals: Readonly<Record<string, Interval | null>>;
}

export interface Abstaining {
  readonly abstained: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly coverage: number;
  /** Of the scans answered; null when none was. */
  readonly accuracy: number | null;
}

export interface ScanFigures extends DecisionFigures {
  /** Mean loss of the plain logits, as the Trainer computes it. */
  readonly loss: number | null;
  /** Mean `-log score` of the true label, of the scores as served. */
  readonly calibratedLoss: number | null;
  /** Expected calibration error. */
  readonly ece: number | null;
  readonly brier: number | null;
  readonly reliability: readonly ReliabilityBin[];
  readonly coverage: readonly CoveragePoint[];
  readonly riskCoverageArea: number;
  readonly abstaining: Abstaining;
}

export interface PeopleFigures extends DecisionFigures {
  readonly count: number;
  /** People whose scans do not agree about the label. */
  readonly severalLabels: number;
}

export interface EvaluationOptions {
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid';
  readonly contrast: Contrast | null;
  /** 0 for no intervals. */
  readonly replicates: number;
  readonly seed: number;
}

/** Figures over scans. Intervals are drawn by subject where subjects are known, else by scan. @param scans at least one */
export const evaluateScans = (scans: readonly ScoredScan[], options: EvaluationOptions): ScanFigures => {
  const { activation, labels } = options;
  const predictions = scans.map(({ scores }) => highest(scores));
  const right = scans.map(({ truth }, scan) => truth === predictions[scan]);
  const top = scans.map(({ scores }, scan) => scores[predictions[scan] as number] as number);
  const lossOf = activation === 'softmax' ? softmaxLoss : sigmoidLoss;
  const statistics = {
    ...decisionStatistics(scans, predictions, options),
    loss: meanOf(scans.map(({ logits, truth }) => lossOf(logits, truth))),
    calibratedLoss: meanOf(scans.map(({ scores, truth }) => negativeLogScore(scores, truth))),
    ece: calibrationErrorOf(top, right),
    brier: meanOf(scans.map(({ scores, truth }) => brierScore(scores, truth))),
  };
  return {
    ...estimate(statistics, clustersOf(scans), options),
    ...classTables(scans, predictions, labels),
    reliability: reliabilityBins(top, right),
    coverage: coverageCurve(top, right),
    riskCoverageArea: riskCoverageArea(top, right),
    abstaining: summarizeAbstaining(scans, right),
  };
};

/** The same decisions by person: means of scores over all scans of a subject. @param scans each with a subject */
export const evaluatePeople = (scans: readonly ScoredScan[], options: EvaluationOptions): PeopleFigures => {
  const people = toPeople(scans);
  const predictions = people.map(({ scores }) => highest(scores));
  const each = people.map((_, person) => person);
  return {
    count: people.length,
    severalLabels: people.filter(({ severalLabels }) => severalLabels).length,
    ...estimate(decisionStatistics(people, predictions, options), each, options),
    ...classTables(people, predictions, options.labels),
  };
};

type Scored = Pick<ScoredScan | ScoredPerson, 'truth' | 'scores'>;

const labelAucs = (items: readonly Scored[], labels: readonly string[]): Statistic[] =>
  labels.map((_, label) =>
    aucOf(
      items.map(({ scores }) => scores[label] as number),
      items.map(({ truth }) => truth === label),
    ),
  );

const decisionStatistics = (items: readonly Scored[], predictions: readonly number[], options: EvaluationOptions) => {
  const { labels, contrast } = options;
  const truths = items.map(({ truth }) => truth);
  return {
    accuracy: meanOf(items.map(({ truth }, item) => (truth === predictions[item] ? 1 : 0))),
    macroF1: macroF1Of({ labels: labels.length, truths, predictions }),
    macroAuc: meanStatisticOf(labelAucs(items, labels)),
    contrastAuc: contrastAucOf(items, labels, contrast),
  };
};

const contrastAucOf = (items: readonly Scored[], labels: readonly string[], contrast: Contrast | null): Statistic => {
  if (contrast === null) return () => Number.NaN;
  const positive = contrast.positive.map((label) => labels.indexOf(label));
  const negative = contrast.negative.map((label) => labels.indexOf(label));
  const concerned = items.flatMap(({ truth }, item) => ([...positive, ...negative].includes(truth) ? [item] : []));
  const auc = aucOf(
    concerned.map((item) => positive.reduce((sum, label) => sum + (items[item]?.scores[label] as number), 0)),
    concerned.map((item) => positive.includes(items[item]?.truth as number)),
  );
  return (weights) => auc(Float64Array.from(concerned, (item) => weights[item] as number));
};

const classTables = (items: readonly Scored[], predictions: readonly number[], labels: readonly string[]) => {
  const truths = items.map(({ truth }) => truth);
  const matrix = confusionMatrix({ labels: labels.length, truths, predictions });
  const once = new Float64Array(items.length).fill(1);
  const aucs = labelAucs(items, labels).map((auc) => toNullable(auc(once)));
  const figures = classFigures(matrix);
  return {
    perClass: labels.map((label, index) => ({
      label,
      ...(figures[index] as ClassFigures),
      auc: aucs[index] ?? null,
    })),
    confusionMatrix: matrix,
  };
};

/** Each scan's subject as a number; without subjects each scan on its own. */
const clustersOf = (scans: readonly ScoredScan[]): number[] => {
  const numbers = new Map<string, number>();
  return scans.map(({ subject }, scan) => {
    if (subject === null) return scan;
    const number = numbers.get(subject) ?? numbers.size;
    numbers.set(subject, number);
    return number;
  });
};

/** The figures of the set by their names, and `intervals` by the same names. */
const estimate = <Name extends string>(
  statistics: Readonly<Record<Name, Statistic>>,
  clusters: readonly number[],
  { replicates, seed }: EvaluationOptions,
): Record<Name, number | null> & { readonly intervals: Record<Name, Interval | null> } => {
  const names = Object.keys(statistics) as Name[];
  const once = new Float64Array(clusters.length).fill(1);
  const values = Object.fromEntries(names.map((name) => [name, toNullable(statistics[name](once))]));
  const intervals = bootstrapIntervals(statistics, { clusters, replicates, random: seededRandom(seed) });
  return { ...(values as Record<Name, number | null>), intervals };
};

const summarizeAbstaining = (scans: readonly ScoredScan[], right: readonly boolean[]): Abstaining => {
  const reasons: Record<string, number> = {};
  let [answered, hits] = [0, 0];
  scans.forEach(({ abstainReason }, scan) => {
    if (abstainReason !== null) reasons[abstainReason] = (reasons[abstainReason] ?? 0) + 1;
    else {
      answered += 1;
      if (right[scan]) hits += 1;
    }
  });
  return {
    abstained: scans.length - answered,
    reasons,
    coverage: answered / scans.length,
    accuracy: answered === 0 ? null : hits / answered,
  };
};
