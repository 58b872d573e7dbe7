import type { NormalSpace } from './normal-space';

/** Sweeps of orthogonal iteration: the axes need not be exact, only orthonormal with the variance along each. */
const SWEEPS = 30;

/** Sums over vectors, about an origin: what a space is fitted on, and what one without some of them is. */
export interface Moments {
  readonly count: number;
  readonly origin: Float64Array;
  readonly sum: Float64Array;
  /** Sums of products, lower triangle, row-major [size, size]. */
  readonly products: Float64Array;
}

/** @param origin near the vectors, so that rounding takes nothing from their products */
export const momentsOf = (vectors: readonly ArrayLike<number>[], origin: Float64Array): Moments => {
  const size = origin.length;
  const sum = new Float64Array(size);
  const products = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (const vector of vectors) {
    for (let i = 0; i < size; i++) {
      const value = (vector[i] as number) - (origin[i] as number);
      centred[i] = value;
      sum[i] = (sum[i] as number) + value;
      for (let j = 0, at = i * size; j <= i; j++, at++) {
        products[at] = (products[at] as number) + value * (centred[j] as number);
      }
    }
  }
  return { count: vectors.length, origin, sum, products };
};

/** Of the vectors of `all` that are not in `some`; the origin is the same. */
export const withoutMoments = (all: Moments, some: Moments): Moments => ({
  count: all.count - some.count,
  origin: all.origin,
  sum: all.sum.map((value, i) => value - (some.sum[i] as number)),
  products: all.products.map((value, i) => value - (some.products[i] as number)),
});

/**
 * Fits a normal distribution with so many principal axes. Deterministic: the same vectors, the same space.
 * @param moments of at least two vectors, longer than `axes`
 */
export const fitSpace = (moments: Moments, axes: number): NormalSpace => {
  const size = moments.origin.length;
  const covariance = covarianceOf(moments);
  const directions = principalAxes(covariance, size, axes);
  const variances = directions.map((axis) => Math.max(dot(axis, multiply(covariance, axis)), FLOOR));
  const total = moments.sum.reduce((sum, _, i) => sum + (covariance[i * size + i] as number), 0);
  const rest = (total - variances.reduce((a, b) => a + b, 0)) / (size - axes);
  return {
    mean: Float32Array.from(moments.origin, (value, i) => value + (moments.sum[i] as number) / moments.count),
    directions: Float32Array.from(directions.flatMap((axis) => [...axis])),
    variances: Float32Array.from(variances),
    restVariance: Math.max(rest, FLOOR),
  };
};

/** Least variance: where all vectors are the same, another one is still a finite distance away. */
const FLOOR = 1e-9;

export const meanOf = (vectors: readonly ArrayLike<number>[]): Float64Array => {
  const mean = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + (vector[i] as number) / vectors.length;
  }
  return mean;
};

const covarianceOf = ({ count, sum, products }: Moments): Float64Array => {
  const size = sum.length;
  const covariance = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = ((sum[i] as number) * (sum[j] as number)) / count;
      const value = ((products[i * size + j] as number) - mean) / (count - 1);
      covariance[i * size + j] = value;
      covariance[j * size + i] = value;
    }
  }
  return covariance;
};

/** Orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4) from axes that no data is likely to be square to. */
const principalAxes = (covariance: Float64Array, size: number, count: number): Float64Array[] => {
  let axes: Float64Array[] = Array.from({ length: count }, (_, axis) =>
    Float64Array.from({ length: size }, (_, i) => Math.cos(((axis + 1) * (i + 0.5) * Math.PI) / size) + 1e-3 * axis),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    axes = orthonormalise(axes.map((axis) => multiply(covariance, axis)));
  }
  return axes;
};

/** Modified Gram-Schmidt, twice; what is left of nothing becomes the first unit vector that is free. */
const orthonormalise = (vectors: readonly Float64Array[]): Float64Array[] => {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    let candidate = project(vector, done);
    for (let unit = 0; candidate === undefined && unit < vector.length; unit++) {
      candidate = project(
        Float64Array.from({ length: vector.length }, (_, i) => (i === unit ? 1 : 0)),
        done,
      );
    }
    if (candidate !== undefined) done.push(candidate);
  }
  return done;
};

/** The part of a vector that is square to the others, of length 1; undefined when rounding is all that is left of it. */
const project = (vector: Float64Array, others: readonly Float64Array[]): Float64Array | undefined => {
  const length = Math.sqrt(dot(vector, vector));
  if (!(length > 0)) return undefined;
  const rest = vector.map((value) => value / length);
  for (let pass = 0; pass < 2; pass++) {
    for (const other of others) {
      const along = dot(rest, other);
      for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] as number) - along * (other[i] as number);
    }
  }
  const left = Math.sqrt(dot(rest, rest));
  return left > 1e-8 ? rest.map((value) => value / left) : undefined;
};

const multiply = (matrix: Float64Array, vector: Float64Array): Float64Array => {
  const size = vector.length;
  const product = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (let i = 0, at = row * size; i < size; i++, at++) sum += (matrix[at] as number) * (vector[i] as number);
    product[row] = sum;
  }
  return product;
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
