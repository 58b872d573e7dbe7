import type { Scaling } from './apply-calibration';
import { flattenAll, type LabelledLogits, scaledLoss } from './scaled-loss';

export type FitScaling = (data: LabelledLogits, items?: readonly number[]) => Scaling;

/** With it half the entropy is half the temperature; the five folds of docs/calibration.md took 0.23, with a bias 0.62. */
const LARGEST_EXPONENT = 1;
const EXPONENT_TOLERANCE = 5e-3;

/**
 * What `fitRest` fits, after logits were flattened by the power of their entropy with which its loss is least, 0 to 1 by
 * golden-section search.
 * @param data of a softmax over two labels or more
 */
export const fitEntropyExponent =
  (fitRest: FitScaling): FitScaling =>
  (data, items) => {
    const at = (exponent: number) => {
      const flattened = flattenAll(data, exponent, items);
      const scaling = fitRest(flattened);
      return { scaling: { ...scaling, entropyExponent: exponent }, loss: scaledLoss(flattened, scaling) };
    };
    const ratio = (Math.sqrt(5) - 1) / 2;
    let [low, high] = [0, LARGEST_EXPONENT];
    let [left, right] = [at(high - ratio * (high - low)), at(low + ratio * (high - low))];
    while (high - low > EXPONENT_TOLERANCE) {
      if (left.loss <= right.loss) {
        [high, right] = [right.scaling.entropyExponent, left];
        left = at(high - ratio * (high - low));
      } else {
        [low, left] = [left.scaling.entropyExponent, right];
        right = at(low + ratio * (high - low));
      }
    }
    return [at(0), left, right].reduce((best, each) => (each.loss < best.loss ? each : best)).scaling;
  };
