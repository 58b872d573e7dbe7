import { SulcusError } from '../errors';
import { dealFolds } from '../linear/folds';
import { quantile } from '../metrics/bootstrap';
import { seededRandom } from '../seeded-random';
import type { Calibration } from './calibration-schema';
import { fitSpace, meanOf, momentsOf, withoutMoments } from './fit-space';
import { type GateStatistics, passesGate } from './input-gate';
import { distanceIn, type NormalSpace } from './normal-space';

/** What the gate looks at, of one scan. */
export interface GateScan {
  readonly features: Float32Array;
  readonly thumbnail: Float64Array;
}

export interface FittedGate {
  readonly gate: NonNullable<Calibration['gate']>;
  readonly statistics: GateStatistics;
}

/** Of 8 to 64 the fewest that refused every kind of other picture and let new people's slices through (bench/gate). */
const AXES = 16;
/** Fewer make no covariance of 16 axes worth having. */
export const LEAST_SCANS = 64;
/** Share of slices that each measure would refuse at the limit before its room. */
const TAIL = 0.005;
/** Room over that distance for people, scanners and CPUs beside those seen. */
const ROOM = 1.1;

/** Folds of subjects, or fewer where there are fewer subjects. */
const FOLDS = 5;
const SEED = 7;

/**
 * Statistics of all scans, and limits by what scans of left-out subjects are away from the statistics of the others: 1.1
 * times the distance that 99.5 % of them keep, of features and of thumbnails. Folds share the labels out: where the few
 * people of a rare label all fall into one, nothing like them is in the statistics that they are held against.
 * @param subjects whose each scan is, any numbers
 * @param labels of each scan, any numbers; none where they are not known
 * @throws INVALID_REQUEST for fewer than 64 scans or one subject
 */
export const fitGate = (
  scans: readonly GateScan[],
  subjects: readonly number[],
  labels: readonly number[] = subjects.map(() => 0),
): FittedGate => {
  const count = Math.min(FOLDS, new Set(subjects).size);
  if (scans.length < LEAST_SCANS || count < 2) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected at least ${LEAST_SCANS} scans of two subjects for the input gate, received ${scans.length} of ${count}`,
    );
  }
  const foldOf = dealFolds(subjects, labels, { count, random: seededRandom(SEED) });
  const features = fitByFold(
    scans.map((scan) => scan.features),
    foldOf,
  );
  const pixels = fitByFold(
    scans.map((scan) => scan.thumbnail),
    foldOf,
  );
  const limits = { featureLimit: limitOf(features.distances), pixelLimit: limitOf(pixels.distances) };
  const gate = { scans: scans.length, ...limits, falseRejects: 0 };
  const passes = (features: number, pixels: number): boolean => passesGate({ features, pixels }, gate);
  const refused = features.distances.filter((distance, scan) => !passes(distance, pixels.distances[scan] as number));
  return {
    gate: { ...gate, falseRejects: Number((refused.length / scans.length).toPrecision(6)) },
    statistics: { features: features.space, pixels: pixels.space },
  };
};

const limitOf = (distances: readonly number[]): number => {
  const sorted = [...distances].sort((a, b) => a - b);
  return Number((quantile(sorted, 1 - TAIL) * ROOM).toPrecision(6));
};

interface FoldedSpace {
  readonly space: NormalSpace;
  /** Of each vector from the space of the other folds. */
  readonly distances: readonly number[];
}

const fitByFold = (vectors: readonly ArrayLike<number>[], foldOf: readonly number[]): FoldedSpace => {
  const all = momentsOf(vectors, meanOf(vectors));
  const distances = new Array<number>(vectors.length);
  for (const fold of new Set(foldOf)) {
    const own = vectors.filter((_, item) => foldOf[item] === fold);
    const others = fitSpace(withoutMoments(all, momentsOf(own, all.origin)), AXES);
    vectors.forEach((vector, item) => {
      if (foldOf[item] === fold) distances[item] = distanceIn(others, vector);
    });
  }
  return { space: fitSpace(all, AXES), distances };
};
