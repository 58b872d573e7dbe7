import { calibrateLogits, type Scaling } from '../../../lib/core/calibration/apply-calibration';
import { flattenByEntropy } from '../../../lib/core/calibration/entropy-scaling';
import { fitEntropyExponent } from '../../../lib/core/calibration/fit-entropy-exponent';
import { fitTemperature, fitTemperatureAndBias } from '../../../lib/core/calibration/fit-temperature';
import { type LabelledLogits, scaledLoss } from '../../../lib/core/calibration/scaled-loss';
import { activate } from '../../../lib/core/classify-scan';
import { seededRandom } from '../../../lib/core/seeded-random';

describe('flattenByEntropy', () => {
  const logits = [2, 0, -1];
  const scores = activate(logits, 'softmax');
  const entropy = -scores.reduce((sum, score) => sum + score * Math.log(score), 0) / Math.log(3);

  it('divides by the power of the entropy, as a share of that of equal scores', () => {
    expect(flattenByEntropy(logits, 0.5)).toEqual(logits.map((logit) => expect.closeTo(logit / entropy ** 0.5, 12)));
    expect(flattenByEntropy(logits, 0)).toEqual(logits);
    expect(flattenByEntropy([3, 3, 3], 1)).toEqual([3, 3, 3].map((logit) => expect.closeTo(logit, 12)));
  });

  it('makes nothing surer than a twentieth of the entropy does, and stays finite', () => {
    expect(flattenByEntropy([900, 0, -900], 0.25)).toEqual(
      [900, 0, -900].map((logit) => expect.closeTo(logit / 0.05 ** 0.25, 9)),
    );
  });
});

const SCANS = 4000;

/** Logits, many of them sure, whose labels were drawn from what a scaling makes of them. */
const drawn = (scaling: Scaling): LabelledLogits => {
  const random = seededRandom(3);
  const logits = Array.from({ length: SCANS }, () => {
    const width = 12 * random();
    return [0, 0, 0].map(() => width * (random() - 0.5));
  });
  const targets = logits.map((own) => {
    let left = random();
    return activate(calibrateLogits(own, scaling), 'softmax').findIndex((score) => {
      left -= score;
      return left < 0;
    });
  });
  return { logits, targets, activation: 'softmax' };
};

describe('fitEntropyExponent', () => {
  const truth = { temperature: 2.5, entropyExponent: 0.4, bias: null };

  it('finds the exponent and the temperature that labels were drawn with', () => {
    const { temperature, entropyExponent, bias } = fitEntropyExponent(fitTemperature)(drawn(truth));

    expect(Math.abs((entropyExponent ?? 0) - 0.4)).toBeLessThan(0.1);
    expect(Math.abs(temperature - 2.5)).toBeLessThan(0.3);
    expect(bias).toBeNull();
  });

  it('is where the loss is least', () => {
    const data = drawn(truth);

    const fitted = fitEntropyExponent(fitTemperature)(data);

    const { entropyExponent = 0 } = fitted;
    const least = scaledLoss(data, fitted);
    expect(least).toBeLessThan(scaledLoss(data, fitTemperature(data)));
    for (const other of [entropyExponent - 0.05, entropyExponent + 0.05]) {
      expect(least).toBeLessThan(scaledLoss(data, { ...fitted, entropyExponent: other }));
    }
  });

  it('is 0 where a sure scan needs as much flattening as an unsure one, or more', () => {
    const random = seededRandom(4);
    const { logits } = drawn(truth);
    const sureAndWrong = logits.map((own) => {
      const unsure = Math.max(...own) - Math.min(...own) < 4;
      return unsure || random() < 0.4 ? own.indexOf(Math.max(...own)) : own.indexOf(Math.min(...own));
    });

    const { entropyExponent } = fitEntropyExponent(fitTemperature)({
      logits,
      targets: sureAndWrong,
      activation: 'softmax',
    });

    expect(entropyExponent).toBe(0);
  });

  it('fits a bias beside it, on the scans it is told', () => {
    const data = drawn({ ...truth, bias: [0.6, -0.6, 0] });
    const misled = { ...data, targets: data.targets.map((target, item) => (item < 3000 ? target : 0)) };
    const first = Array.from({ length: 3000 }, (_, item) => item);

    const { entropyExponent, bias } = fitEntropyExponent(fitTemperatureAndBias)(misled, first);

    expect(Math.abs((entropyExponent ?? 0) - 0.4)).toBeLessThan(0.12);
    expect(bias).toHaveLength(3);
    [0.6, -0.6, 0].forEach((drawnWith, label) => {
      expect(Math.abs((bias?.[label] ?? 0) - drawnWith)).toBeLessThan(0.12);
    });
  });
});
