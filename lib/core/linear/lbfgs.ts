/** A differentiable function: writes its gradient at `point` into `gradient`. @returns its value */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  /** Done when no component of the gradient is larger. */
  readonly gradientTolerance: number;
  readonly maxIterations: number;
  /** Multiplies a vector, in place, by an approximation of the inverse Hessian: what each step starts from. */
  readonly precondition: (vector: Float64Array) => void;
}

export interface LbfgsResult {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Largest component of the gradient. */
  readonly gradientSize: number;
  readonly converged: boolean;
}

/** Steps whose change of gradient is remembered. */
const MEMORY = 10;
/** Armijo's condition: the share of the promised decrease that a step must bring. */
const SUFFICIENT_DECREASE = 1e-4;
const MOST_HALVINGS = 40;
/** Near the minimum a step changes the value by less than its last digits, while the gradient still shrinks. */
const ROUNDING = 8 * Number.EPSILON;

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly scale: number;
}

/**
 * Minimises a convex function by limited-memory BFGS: the two-loop recursion of Nocedal and Wright, Numerical Optimization
 * (2006), algorithm 7.4, with a backtracking line search from a step of 1. Steps whose curvature is not positive to within
 * rounding are not remembered.
 * @param start where to begin; not written to
 */
export const minimise = (objective: Objective, start: Float64Array, options: LbfgsOptions): LbfgsResult => {
  let point = start.slice();
  let gradient = new Float64Array(point.length);
  let value = objective(point, gradient);
  const corrections: Correction[] = [];
  let iterations = 0;
  while (largest(gradient) > options.gradientTolerance && iterations < options.maxIterations) {
    const direction = descend(gradient, corrections, options.precondition);
    const next = search(objective, point, value, gradient, direction);
    if (next === undefined) break;
    remember(corrections, difference(next.point, point), difference(next.gradient, gradient));
    ({ point, gradient, value } = next);
    iterations += 1;
  }
  const gradientSize = largest(gradient);
  return { point, value, iterations, gradientSize, converged: gradientSize <= options.gradientTolerance };
};

const descend = (
  gradient: Float64Array,
  corrections: readonly Correction[],
  precondition: (vector: Float64Array) => void,
): Float64Array => {
  const direction = gradient.map((value) => -value);
  const factors = new Array<number>(corrections.length).fill(0);
  for (let index = corrections.length - 1; index >= 0; index--) {
    const { step, change, scale } = corrections[index] as Correction;
    factors[index] = scale * dot(step, direction);
    addScaled(direction, change, -(factors[index] as number));
  }
  precondition(direction);
  corrections.forEach(({ step, change, scale }, index) => {
    addScaled(direction, step, (factors[index] as number) - scale * dot(change, direction));
  });
  return direction;
};

/** The first of 1, 1/2, 1/4, ... steps that decreases enough; undefined when rounding hides every decrease. */
const search = (
  objective: Objective,
  point: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
) => {
  const slope = dot(gradient, direction);
  for (let halving = 0, length = 1; halving < MOST_HALVINGS; halving++, length /= 2) {
    const tried = point.slice();
    addScaled(tried, direction, length);
    const triedGradient = new Float64Array(point.length);
    const triedValue = objective(tried, triedGradient);
    if (triedValue <= value + SUFFICIENT_DECREASE * length * slope + ROUNDING * Math.abs(value)) {
      return { point: tried, gradient: triedGradient, value: triedValue };
    }
  }
  return undefined;
};

const remember = (corrections: Correction[], step: Float64Array, change: Float64Array): void => {
  const curvature = dot(step, change);
  if (!(curvature > Number.EPSILON * dot(change, change))) return;
  corrections.push({ step, change, scale: 1 / curvature });
  if (corrections.length > MEMORY) corrections.shift();
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
};

const addScaled = (to: Float64Array, vector: Float64Array, factor: number): void => {
  for (let index = 0; index < to.length; index++)
    to[index] = (to[index] as number) + factor * (vector[index] as number);
};

const difference = (a: Float64Array, b: Float64Array): Float64Array =>
  a.map((value, index) => value - (b[index] as number));

const largest = (vector: Float64Array): number => vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
