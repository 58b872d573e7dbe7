import { activate } from '../classify-scan';
import { SulcusError } from '../errors';
import { dealFolds } from '../linear/folds';
import { bootstrapIntervals } from '../metrics/bootstrap';
import { calibrationErrorOf } from '../metrics/calibration-error';
import { seededRandom } from '../seeded-random';
import { calibrateLogits, confidenceOf, marginOf } from './apply-calibration';
import type { Calibration } from './calibration-schema';
import { type AbstainRule, chooseThreshold, coveredBy, type JudgedScore } from './choose-threshold';
import {
  fitTemperature,
  fitTemperatureAndBias,
  type LabelledLogits,
  type Scaling,
  scaledLoss,
} from './fit-temperature';

export interface CalibrationInput extends LabelledLogits {
  readonly labels: readonly string[];
  /** Who each scan is of, any numbers from 0; null when not known. */
  readonly subjects: readonly number[] | null;
  /** Whose scans they are, for the reader of the manifest. */
  readonly source: string;
}

export interface CalibrationOptions {
  readonly rule: AbstainRule;
  /** Least lead of the highest score. @default 0 */
  readonly margin?: number;
  /** `never` and `always` leave nothing to measure. @default auto: if left-out subjects' loss is better with one */
  readonly bias?: 'auto' | 'never' | 'always';
}

/** Up to so many subjects each is left out by itself; more are dealt to ten folds. */
const MOST_LEFT_OUT = 20;
const FOLDS = 10;
/** A bias a label is fitted for models of so many labels at most. */
const MOST_BIASES = 32;
const REPLICATES = 1000;
const SEED = 5;

/**
 * Fits temperature, bias if it pays and the threshold for abstaining, and measures them on subjects that are left out: each
 * fold's scans are scaled by what the other folds gave. A bias pays when it lowers the loss of left-out subjects, on average
 * over subjects, by more than one standard error.
 * @throws INVALID_REQUEST for fewer than two subjects, or a threshold that cannot be had
 */
export const fitCalibration = (input: CalibrationInput, options: CalibrationOptions): Omit<Calibration, 'gate'> => {
  const { labels, logits, source } = input;
  const subjectOf = input.subjects ?? logits.map((_, item) => item);
  const foldOf = foldsBySubject(subjectOf, input.targets);
  const plain = leaveOut(input, foldOf, fitTemperature);
  const tryBias = options.bias !== 'never' && labels.length > 1 && labels.length <= MOST_BIASES;
  const biased = tryBias ? leaveOut(input, foldOf, fitTemperatureAndBias) : null;
  const useBias = biased !== null && (options.bias === 'always' || pays(plain, biased, subjectOf));
  const fitted = useBias ? fitTemperatureAndBias(input) : fitTemperature(input);
  const judged = judge(input, useBias ? biased.scalings : plain.scalings);
  const before = judge(
    input,
    logits.map(() => UNSCALED),
  );
  const threshold = { ...chooseThreshold(judged, options.rule), margin: options.margin ?? 0 };
  const covered = coveredBy(judged, threshold);
  return {
    temperature: rounded(fitted.temperature),
    bias: fitted.bias?.map(rounded) ?? null,
    threshold,
    fit: {
      source,
      scans: logits.length,
      subjects: input.subjects === null ? null : new Set(input.subjects).size,
      perLabel: Object.fromEntries(
        labels.map((label, index) => [label, input.targets.filter((target) => target === index).length]),
      ),
      folds: new Set(foldOf).size,
      accuracy: rounded(before.filter(({ right }) => right).length / before.length),
      lossBefore: rounded(scaledLoss(input, UNSCALED)),
      loss: rounded(mean(plain.losses)),
      lossWithBias: biased === null ? null : rounded(mean(biased.losses)),
      eceBefore: rounded(calibrationError(before)),
      ece: rounded(calibrationError(judged)),
      eceInterval: errorInterval(judged, subjectOf),
      ...covered,
    },
  };
};

const UNSCALED: Scaling = { temperature: 1, bias: null };

/** Six digits: more would differ between versions of the exponential function, and mean nothing. */
const rounded = (value: number): number => Number(value.toPrecision(6));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The fold of each scan; no subject is in two. @throws INVALID_REQUEST for fewer than two subjects */
export const foldsBySubject = (subjects: readonly number[], targets: readonly (number | null)[]): number[] => {
  const distinct = [...new Set(subjects)];
  if (distinct.length < 2) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected scans of at least two subjects to calibrate on, received ${distinct.length}`,
    );
  }
  if (distinct.length <= MOST_LEFT_OUT) return subjects.map((subject) => distinct.indexOf(subject));
  const numbers = targets.map((target) => target ?? -1);
  return dealFolds(subjects, numbers, { count: FOLDS, random: seededRandom(SEED) });
};

interface LeftOut {
  /** What each scan is scaled by: fitted on the other folds. */
  readonly scalings: readonly Scaling[];
  readonly losses: readonly number[];
}

const leaveOut = (
  data: LabelledLogits,
  foldOf: readonly number[],
  fitOn: (data: LabelledLogits, items: readonly number[]) => Scaling,
): LeftOut => {
  const byFold = new Map<number, Scaling>();
  for (const fold of new Set(foldOf)) {
    byFold.set(
      fold,
      fitOn(
        data,
        foldOf.flatMap((own, item) => (own === fold ? [] : [item])),
      ),
    );
  }
  const scalings = foldOf.map((fold) => byFold.get(fold) ?? UNSCALED);
  return { scalings, losses: scalings.map((scaling, item) => scaledLoss(data, scaling, [item])) };
};

const pays = (plain: LeftOut, biased: LeftOut, subjects: readonly number[]): boolean => {
  const gains = [...new Set(subjects)].map((subject) => {
    const own = subjects.flatMap((other, item) => (other === subject ? [item] : []));
    return mean(own.map((item) => (plain.losses[item] ?? 0) - (biased.losses[item] ?? 0)));
  });
  const gain = mean(gains);
  const variance = gains.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (gains.length - 1);
  return gain > Math.sqrt(variance / gains.length);
};

const judge = ({ logits, targets, activation }: LabelledLogits, scalings: readonly Scaling[]): JudgedScore[] =>
  logits.map((own, item) => {
    const scores = activate(calibrateLogits(own, scalings[item] ?? UNSCALED), activation);
    const top = scores.indexOf(Math.max(...scores));
    const isTrue = targets[item] === top;
    const right = activation === 'sigmoid' ? (scores[top] ?? 0) >= 0.5 === isTrue : isTrue;
    return { confidence: confidenceOf(scores, activation), margin: marginOf(scores, activation), right };
  });

const statisticOf = (judged: readonly JudgedScore[]) =>
  calibrationErrorOf(
    judged.map(({ confidence }) => confidence),
    judged.map(({ right }) => right),
  );

const calibrationError = (judged: readonly JudgedScore[]): number =>
  Math.min(1, statisticOf(judged)(new Float64Array(judged.length).fill(1)));

const errorInterval = (judged: readonly JudgedScore[], subjects: readonly number[]): [number, number] | null => {
  const numbers = new Map([...new Set(subjects)].map((subject, index) => [subject, index]));
  const clusters = subjects.map((subject) => numbers.get(subject) ?? 0);
  const random = seededRandom(SEED);
  const { ece } = bootstrapIntervals({ ece: statisticOf(judged) }, { clusters, replicates: REPLICATES, random });
  return ece === null ? null : [rounded(ece[0]), rounded(ece[1])];
};
