import type { ModelManifest } from '../core/model-manifest';
import type { OutputValues } from '../core/model-outputs';

/** What two graphs gave for one image; no logits without a classifier. */
export interface Pair {
  readonly expected: OutputValues<'logits' | 'features'>;
  readonly received: OutputValues<'logits' | 'features'>;
}

type Figures = Pick<
  ModelManifest['parity'],
  'maxLogitDifference' | 'meanLogitDifference' | 'top1Agreement' | 'clsCosine' | 'meanClsCosine'
>;

/** How far the second graph is from the first. @param offset what the features of both share whatever the image */
export const figuresOf = (pairs: readonly Pair[], offset: Float32Array, hasLogits: boolean): Figures => ({
  ...(hasLogits ? logitFigures(pairs) : { maxLogitDifference: null, meanLogitDifference: null, top1Agreement: null }),
  ...featureFigures(pairs, offset),
});

const featureFigures = (pairs: readonly Pair[], offset: Float32Array) => {
  const cosines = pairs.map(({ expected, received }) => cosine(expected.features, received.features, offset));
  return {
    clsCosine: cosines.reduce((a, b) => Math.min(a, b), 1),
    meanClsCosine: cosines.reduce((a, b) => a + b, 0) / Math.max(1, cosines.length),
  };
};

const logitFigures = (pairs: readonly Pair[]) => {
  let [largest, sum, count, agreements] = [0, 0, 0, 0];
  for (const { expected, received } of pairs) {
    if (argmax(expected.logits) === argmax(received.logits)) agreements++;
    expected.logits.forEach((logit, label) => {
      const difference = Math.abs(logit - (received.logits[label] as number));
      largest = Math.max(largest, difference);
      sum += difference;
      count++;
    });
  }
  return {
    maxLogitDifference: largest,
    meanLogitDifference: sum / count,
    top1Agreement: agreements / pairs.length,
  };
};

/** Root mean square of the logits that were expected. */
export const logitSize = (pairs: readonly Pair[]): number => {
  const squares = pairs.map(({ expected }) => expected.logits.reduce((sum, logit) => sum + logit ** 2, 0));
  const count = pairs.reduce((sum, { expected }) => sum + expected.logits.length, 0);
  return Math.sqrt(squares.reduce((a, b) => a + b, 0) / count);
};

const argmax = (values: Float32Array): number =>
  values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);

/** Of two vectors less what they share; 1 when nothing is left of either. */
const cosine = (a: Float32Array, b: Float32Array, offset: Float32Array): number => {
  let [product, squaresOfA, squaresOfB] = [0, 0, 0];
  for (let channel = 0; channel < a.length; channel++) {
    const x = (a[channel] as number) - (offset[channel] as number);
    const y = (b[channel] as number) - (offset[channel] as number);
    product += x * y;
    squaresOfA += x * x;
    squaresOfB += y * y;
  }
  if (squaresOfA === 0 && squaresOfB === 0) return 1;
  const norms = Math.sqrt(squaresOfA) * Math.sqrt(squaresOfB);
  return norms === 0 ? 0 : Math.max(-1, Math.min(1, product / norms));
};
