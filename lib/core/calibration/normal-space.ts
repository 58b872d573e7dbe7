import { fromFloat32Base64, toFloat32Base64 } from '../float32-base64';
import type { EncodedSpace } from './calibration-schema';

/**
 * A normal distribution with a few principal axes and one variance for all directions beside them: probabilistic PCA
 * (Tipping and Bishop 1999, https://doi.org/10.1111/1467-9868.00196). Small, and never singular.
 */
export interface NormalSpace {
  readonly mean: Float32Array;
  /** Row-major [axes, size], orthonormal. */
  readonly directions: Float32Array;
  readonly variances: Float32Array;
  readonly restVariance: number;
}

/** Mahalanobis distance over the root of the number of dimensions: about 1 for what the space was fitted on. */
export const distanceIn = (space: NormalSpace, vector: ArrayLike<number>): number => {
  const { mean, directions, variances, restVariance } = space;
  const size = mean.length;
  let [rest, sum] = [0, 0];
  for (let i = 0; i < size; i++) rest += ((vector[i] as number) - (mean[i] as number)) ** 2;
  for (let axis = 0, at = 0; axis < variances.length; axis++) {
    let along = 0;
    for (let i = 0; i < size; i++, at++) {
      along += (directions[at] as number) * ((vector[i] as number) - (mean[i] as number));
    }
    sum += along ** 2 / (variances[axis] as number);
    rest -= along ** 2;
  }
  return Math.sqrt((sum + Math.max(0, rest) / restVariance) / size);
};

export const encodeSpace = ({ mean, directions, variances, restVariance }: NormalSpace): EncodedSpace => ({
  size: mean.length,
  axes: variances.length,
  mean: toFloat32Base64(mean),
  directions: toFloat32Base64(directions),
  variances: toFloat32Base64(variances),
  restVariance,
});

/** @returns undefined when the numbers are not as many as said, not finite, or variances not positive */
export const decodeSpace = (encoded: EncodedSpace): NormalSpace | undefined => {
  const { size, axes, restVariance } = encoded;
  const mean = fromFloat32Base64(encoded.mean, size);
  const directions = fromFloat32Base64(encoded.directions, size * axes);
  const variances = fromFloat32Base64(encoded.variances, axes);
  if (mean === undefined || directions === undefined || variances === undefined) return undefined;
  const sound = mean.every(Number.isFinite) && directions.every(Number.isFinite);
  return sound && variances.every((value) => value > 0 && Number.isFinite(value))
    ? { mean, directions, variances, restVariance }
    : undefined;
};
