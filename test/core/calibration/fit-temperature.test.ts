import { fitTemperature, fitTemperatureAndBias } from '../../../lib/core/calibration/fit-temperature';
import { type LabelledLogits, scaledLoss } from '../../../lib/core/calibration/scaled-loss';
import { activate } from '../../../lib/core/classify-scan';
import { seededRandom } from '../../../lib/core/seeded-random';

const SCANS = 4000;

/** Logits whose labels were drawn from the softmax of `logit / temperature + bias`. */
const drawn = (temperature: number, bias: readonly number[]): LabelledLogits => {
  const random = seededRandom(3);
  const logits = Array.from({ length: SCANS }, () => bias.map(() => 8 * (random() - 0.5)));
  const targets = logits.map((own) => {
    const scores = activate(
      own.map((logit, label) => logit / temperature + (bias[label] ?? 0)),
      'softmax',
    );
    let left = random();
    return scores.findIndex((score) => {
      left -= score;
      return left < 0;
    });
  });
  return { logits, targets, activation: 'softmax' };
};

describe('fitTemperature', () => {
  it('finds the temperature that labels were drawn at', () => {
    const { temperature, bias } = fitTemperature(drawn(2.5, [0, 0, 0]));

    expect(temperature).toBeCloseTo(2.5, 0);
    expect(Math.abs(temperature - 2.5)).toBeLessThan(0.15);
    expect(bias).toBeNull();
  });

  it('is where the loss is least', () => {
    const data = drawn(1.7, [0, 0, 0]);

    const { temperature } = fitTemperature(data);

    const at = scaledLoss(data, { temperature, bias: null });
    expect(at).toBeLessThan(scaledLoss(data, { temperature: temperature * 1.01, bias: null }));
    expect(at).toBeLessThan(scaledLoss(data, { temperature: temperature / 1.01, bias: null }));
  });

  it('fits only the scans it is told', () => {
    const data = drawn(2.5, [0, 0, 0]);
    const misled = { ...data, targets: data.targets.map((target, item) => (item < 2000 ? target : 0)) };
    const first = Array.from({ length: 2000 }, (_, item) => item);

    const { temperature } = fitTemperature(misled, first);

    expect(Math.abs(temperature - 2.5)).toBeLessThan(0.25);
  });

  it('scales the binary losses of a sigmoid, scans of no label among them', () => {
    const random = seededRandom(5);
    const logits = Array.from({ length: SCANS }, () => [10 * (random() - 0.5)]);
    const targets = logits.map(([logit = 0]) => (random() < 1 / (1 + Math.exp(-logit / 3)) ? 0 : null));

    const { temperature } = fitTemperature({ logits, targets, activation: 'sigmoid' });

    expect(Math.abs(temperature - 3)).toBeLessThan(0.3);
  });
});

describe('fitTemperatureAndBias', () => {
  it('finds both, the biases adding up to nothing', () => {
    const { temperature, bias } = fitTemperatureAndBias(drawn(2, [0.8, -0.8, 0]));

    expect(Math.abs(temperature - 2)).toBeLessThan(0.15);
    expect(bias?.map((value) => Math.round(value * 5) / 5)).toEqual([0.8, -0.8, expect.closeTo(0, 5)]);
    expect(bias?.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9);
  });
});
