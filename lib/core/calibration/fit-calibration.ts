import { activate } from '../classify-scan';
import { bootstrapIntervals } from '../metrics/bootstrap';
import { calibrationErrorOf } from '../metrics/calibration-error';
import { seededRandom } from '../seeded-random';
import { calibrateLogits, confidenceOf, marginOf, type Scaling, UNSCALED } from './apply-calibration';
import type { Calibration } from './calibration-schema';
import { type AbstainRule, chooseThreshold, coveredBy, type JudgedScore } from './choose-threshold';
import { fitTemperature, fitTemperatureAndBias } from './fit-temperature';
import { type FitScaling, foldsBySubject, type LeftOut, leaveOut, pays } from './leave-subjects-out';
import { type LabelledLogits, scaledLoss } from './scaled-loss';

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

/** A bias a label is fitted for models of so many labels at most. */
const MOST_BIASES = 32;
const REPLICATES = 1000;
const SEED = 5;

/**
 * Fits the temperature, a bias per label if it pays, and the threshold for abstaining, and measures them on subjects that are
 * left out: each fold's scans are scaled by what the other folds gave. A bias, which changes labels, pays when it lowers the
 * loss of left-out subjects, on average over subjects, by more than one standard error.
 * @throws INVALID_REQUEST for fewer than two subjects, or a threshold that cannot be had
 */
export const fitCalibration = (input: CalibrationInput, options: CalibrationOptions): Omit<Calibration, 'gate'> => {
  const { labels, logits, source } = input;
  const subjectOf = input.subjects ?? logits.map((_, item) => item);
  const foldOf = foldsBySubject(subjectOf, input.targets);
  const tryOut = (fitOn: FitScaling): Attempt => {
    const leftOut = leaveOut(input, foldOf, fitOn);
    return { ...leftOut, fitOn, judged: judge(input, leftOut.scalings) };
  };
  const plain = tryOut(fitTemperature);
  const canBias = options.bias !== 'never' && labels.length > 1 && labels.length <= MOST_BIASES;
  const biased = canBias ? tryOut(fitTemperatureAndBias) : null;
  const useBias = biased !== null && (options.bias === 'always' || pays(plain, biased, subjectOf));
  const { fitOn, judged } = useBias ? biased : plain;
  const fitted = fitOn(input);
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
      loss: rounded(plain.loss),
      lossWithBias: biased === null ? null : rounded(biased.loss),
      eceBefore: rounded(calibrationError(before)),
      ece: rounded(calibrationError(judged)),
      eceInterval: errorInterval(judged, subjectOf),
      ...covered,
    },
  };
};

/** Six digits: more would differ between versions of the exponential function, and mean nothing. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/** One way to scale, and what came of it on the subjects that it was not fitted on. */
interface Attempt extends LeftOut {
  readonly fitOn: FitScaling;
  readonly judged: readonly JudgedScore[];
}

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
