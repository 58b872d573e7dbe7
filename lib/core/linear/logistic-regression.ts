import { SulcusError } from '../errors';
import { type LbfgsResult, minimise, type Objective } from './lbfgs';
import { choleskyFactor, choleskySolve } from './positive-definite';
import { type Matrix, weightedGram } from './weighted-gram';

/** Feature vectors with the index of each one's label. */
export interface LabelledFeatures {
  /** All of one length. */
  readonly features: readonly Float32Array[];
  readonly targets: readonly number[];
  /** How many labels there are; each is the target of at least one vector. */
  readonly labels: number;
}

/** `logits = weight · features + bias`. */
export interface LinearClassifier {
  /** Row-major [labels, channels]. */
  readonly weight: Float64Array;
  /** They add up to 0: the same added to every logit changes no score. */
  readonly bias: Float64Array;
  readonly iterations: number;
}

export interface FitOptions {
  /** Inverse strength of the L2 penalty, as scikit-learn's `C`: larger is less regular. */
  readonly inversePenalty: number;
  /** A classifier to begin with, of another penalty, say. */
  readonly start?: LinearClassifier;
}

/**
 * Largest component of the gradient, as a share of the penalty. The penalty is the least curvature there is, so no weight
 * is further from the optimum than `‖gradient‖ / penalty`: 4e-4 for 4 labels and 384 channels, all at their largest.
 */
const GRADIENT_SHARE = 1e-5;
/** The biases have no penalty, and under a strong one a share of it would be no accuracy. */
const LARGEST_GRADIENT = 1e-8;
/** Where rounding ends the search, this is still near enough to be an answer. */
const ACCEPTED_SHARE = 1e-3;
const MOST_ITERATIONS = 2000;
/** Steps between two looks at the curvature: one costs as much as some ten steps. */
const ITERATIONS_A_ROUND = 50;
/** With more labels their Hessians would fill the memory, and Böhning's bound serves them all. */
const MOST_HESSIANS = 16;

/** Data made ready for fits of several penalties. */
export type LogisticFitter = (options: FitOptions) => LinearClassifier;

/**
 * Multinomial logistic regression: minimises `C Σ cross-entropy + ½ ‖weight‖²` by L-BFGS, biases free, which is
 * scikit-learn's LogisticRegression(C). Two labels are one binary problem there, whose single weight vector is the
 * difference of two: its penalty is twice as strong on each, so it is here.
 *
 * Channels of features are correlated, which plain L-BFGS takes thousands of steps to learn. Each step therefore starts
 * from the Hessian of each label, `C Xᵀ diag(p (1 - p)) X + I`, of where the search stood some steps before: once most
 * vectors are told apart it is far smaller than at first, and a search from a bound of it would not end. With very many
 * labels it is Böhning's bound, `½ C XᵀX + I` (https://doi.org/10.1007/BF00048682).
 * @returns the fit for a penalty; throws INVALID_REQUEST when it does not converge
 */
export const createLogisticFitter = (data: LabelledFeatures): LogisticFitter => {
  const { labels } = data;
  const design = toDesign(data.features);
  return ({ inversePenalty, start }) => {
    // Per vector, so that the tolerance means the same for any number of them.
    const penalty = (labels === 2 ? 2 : 1) / (inversePenalty * design.rows);
    const objective = objectiveOf(design, data, penalty);
    let [point, iterations] = [toPoint(design, labels, start), 0];
    for (;;) {
      const result = minimise(objective, point, {
        gradientTolerance: Math.min(LARGEST_GRADIENT, GRADIENT_SHARE * penalty),
        maxIterations: ITERATIONS_A_ROUND,
        precondition: preconditionerAt(point, design, labels, penalty),
      });
      iterations += result.iterations;
      point = result.point;
      // A round that rounding ended is not begun again where it stands, unless that is no answer yet.
      const goesOn = result.iterations === ITERATIONS_A_ROUND || result.gradientSize > ACCEPTED_SHARE * penalty;
      if (!result.converged && goesOn && result.iterations > 0 && iterations < MOST_ITERATIONS) continue;
      requireConverged({ ...result, iterations }, penalty);
      return { ...fromPoint(point, design, labels), iterations };
    }
  };
};

const requireConverged = ({ gradientSize, iterations }: LbfgsResult, penalty: number): void => {
  if (gradientSize <= ACCEPTED_SHARE * penalty) return;
  throw new SulcusError(
    'INVALID_REQUEST',
    `expected features on which logistic regression converges, received a gradient of ${gradientSize.toPrecision(3)} ` +
      `for a penalty of ${penalty.toPrecision(3)} after ${iterations} steps`,
  );
};

/** Logits of one feature vector, in double precision. */
export const linearLogits = (
  { weight, bias }: Pick<LinearClassifier, 'weight' | 'bias'>,
  features: Float32Array,
): number[] =>
  Array.from(bias, (offset, label) => {
    let sum = offset;
    const row = label * features.length;
    for (let channel = 0; channel < features.length; channel++) {
      sum += (weight[row + channel] as number) * (features[channel] as number);
    }
    return sum;
  });

/** Features with a column of ones for the bias. */
type Design = Matrix;

const toDesign = (features: readonly Float32Array[]): Design => {
  const rows = features.length;
  const columns = (features[0]?.length ?? 0) + 1;
  const values = new Float64Array(rows * columns).fill(1);
  features.forEach((vector, row) => {
    values.set(vector, row * columns);
  });
  return { rows, columns, values };
};

/**
 * Applies the inverse of the curvature at a point, in place. What is the same for every label is taken out: it changes no
 * score, so that nothing but the penalty would ever bring it back.
 */
const preconditionerAt = (point: Float64Array, design: Design, labels: number, penalty: number) => {
  const { columns } = design;
  const factorOf = (shares: Float64Array) =>
    choleskyFactor(addToDiagonal(weightedGram(design, shares), columns, penalty), columns);
  const shared = labels > MOST_HESSIANS ? factorOf(new Float64Array(design.rows).fill(0.5 / design.rows)) : undefined;
  const own = shared === undefined ? curvatureShares(point, design, labels).map(factorOf) : [];
  return (vector: Float64Array): void => {
    for (let label = 0; label < labels; label++) {
      const factor = shared ?? (own[label] as Float64Array);
      choleskySolve(factor, vector.subarray(label * columns, (label + 1) * columns));
    }
    centre(vector, labels, columns);
  };
};

const centre = (vector: Float64Array, labels: number, columns: number): void => {
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let at = column; at < vector.length; at += columns) sum += vector[at] as number;
    for (let at = column; at < vector.length; at += columns) vector[at] = (vector[at] as number) - sum / labels;
  }
};

/** Per label `p (1 - p) / rows` of each vector. */
const curvatureShares = (point: Float64Array, { rows, columns, values }: Design, labels: number): Float64Array[] => {
  const shares = Array.from({ length: labels }, () => new Float64Array(rows));
  const scores = new Float64Array(labels);
  for (let row = 0; row < rows; row++) {
    multiply(point, values.subarray(row * columns, (row + 1) * columns), scores);
    toErrors(scores, 0);
    scores[0] = (scores[0] as number) + 1;
    shares.forEach((own, label) => {
      const score = scores[label] as number;
      own[row] = (score * (1 - score)) / rows;
    });
  }
  return shares;
};

const addToDiagonal = (matrix: Float64Array, size: number, value: number): Float64Array => {
  const sum = matrix.slice();
  for (let i = 0; i < size; i++) sum[i * size + i] = (sum[i * size + i] as number) + value;
  return sum;
};

/** The point of the search: per label its weights, then its bias. */
const toPoint = ({ columns }: Design, labels: number, start: LinearClassifier | undefined): Float64Array => {
  const point = new Float64Array(labels * columns);
  if (start === undefined) return point;
  for (let label = 0; label < labels; label++) {
    point.set(start.weight.subarray(label * (columns - 1), (label + 1) * (columns - 1)), label * columns);
    point[(label + 1) * columns - 1] = start.bias[label] as number;
  }
  return point;
};

const fromPoint = (point: Float64Array, { columns }: Design, labels: number) => {
  const weight = new Float64Array(labels * (columns - 1));
  const bias = new Float64Array(labels);
  for (let label = 0; label < labels; label++) {
    weight.set(point.subarray(label * columns, (label + 1) * columns - 1), label * (columns - 1));
    bias[label] = point[(label + 1) * columns - 1] as number;
  }
  const mean = bias.reduce((a, b) => a + b, 0) / labels;
  return { weight, bias: bias.map((value) => value - mean) };
};

const objectiveOf = (design: Design, { targets, labels }: LabelledFeatures, penalty: number): Objective => {
  const { rows, columns, values } = design;
  const logits = new Float64Array(labels);
  return (point, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const vector = values.subarray(row * columns, (row + 1) * columns);
      multiply(point, vector, logits);
      loss += toErrors(logits, targets[row] as number);
      accumulate(gradient, vector, logits, 1 / rows);
    }
    return loss / rows + penalise(point, gradient, penalty, columns);
  };
};

const multiply = (point: Float64Array, vector: Float64Array, logits: Float64Array): void => {
  for (let label = 0, at = 0; label < logits.length; label++) {
    let sum = 0;
    for (let column = 0; column < vector.length; column++, at++)
      sum += (point[at] as number) * (vector[column] as number);
    logits[label] = sum;
  }
};

/** Logits become softmax minus truth. @returns the cross-entropy */
const toErrors = (logits: Float64Array, target: number): number => {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) max = Math.max(max, logit);
  const own = (logits[target] as number) - max;
  let sum = 0;
  for (let label = 0; label < logits.length; label++) {
    const exponent = Math.exp((logits[label] as number) - max);
    logits[label] = exponent;
    sum += exponent;
  }
  for (let label = 0; label < logits.length; label++) logits[label] = (logits[label] as number) / sum;
  logits[target] = (logits[target] as number) - 1;
  return Math.log(sum) - own;
};

const accumulate = (gradient: Float64Array, vector: Float64Array, errors: Float64Array, share: number): void => {
  for (let label = 0, at = 0; label < errors.length; label++) {
    const factor = (errors[label] as number) * share;
    for (let column = 0; column < vector.length; column++, at++) {
      gradient[at] = (gradient[at] as number) + factor * (vector[column] as number);
    }
  }
};

/** Adds the penalty's gradient, biases left out. @returns the penalty */
const penalise = (point: Float64Array, gradient: Float64Array, penalty: number, columns: number): number => {
  let sum = 0;
  for (let index = 0; index < point.length; index++) {
    if (index % columns === columns - 1) continue;
    const weight = point[index] as number;
    gradient[index] = (gradient[index] as number) + penalty * weight;
    sum += (penalty / 2) * weight * weight;
  }
  return sum;
};
