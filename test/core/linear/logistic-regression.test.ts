import { activate } from '../../../lib/core/classify-scan';
import { createLogisticFitter, linearLogits } from '../../../lib/core/linear/logistic-regression';
import golden from './scikit-learn.json';

const features = golden.features.map((row) => Float32Array.from(row));
const furthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((most, value, index) => Math.max(most, Math.abs(value - (a[index] as number))), 0);

test.each(golden.cases)("is scikit-learn's with $labels labels and C = $inversePenalty", (expected) => {
  const { targets, labels, inversePenalty } = expected;

  const classifier = createLogisticFitter({ features, targets, labels })({ inversePenalty });

  const scores = features.slice(0, 5).map((vector) => activate(linearLogits(classifier, vector), 'softmax'));
  expect(furthest(classifier.weight, expected.weight)).toBeLessThan(1e-5);
  expect(furthest(classifier.bias, expected.bias)).toBeLessThan(1e-5);
  scores.forEach((own, index) => {
    expect(furthest(own, expected.scores[index]!)).toBeLessThan(1e-6);
  });
});

test('starting elsewhere leads to the same place', () => {
  const { targets, labels } = golden.cases[0]!;
  const fitPenalty = createLogisticFitter({ features, targets, labels });
  const start = fitPenalty({ inversePenalty: 100 });

  const [warm, cold] = [fitPenalty({ inversePenalty: 0.1, start }), fitPenalty({ inversePenalty: 0.1 })];

  expect(furthest(warm.weight, [...cold.weight])).toBeLessThan(1e-3);
  expect([...warm.bias].reduce((a, b) => a + b, 0)).toBeCloseTo(0, 10);
});

test('channels that are copies of each other, or constant, converge too', () => {
  const { targets, labels } = golden.cases[0]!;
  const copied = features.map((vector) => Float32Array.of(...vector, ...vector, 5));

  const classifier = createLogisticFitter({ features: copied, targets, labels })({ inversePenalty: 10 });

  expect(classifier.weight.every(Number.isFinite)).toBe(true);
  expect(classifier.weight[0]).toBeCloseTo(classifier.weight[8] as number, 4);
});

test('features that overflow are refused, not answered with NaN', () => {
  const huge = [Float32Array.of(3e38, 1), Float32Array.of(-3e38, 2), Float32Array.of(Number.NaN, 1)];

  expect(() => createLogisticFitter({ features: huge, targets: [0, 1, 0], labels: 2 })({ inversePenalty: 1 })).toThrow(
    expect.objectContaining({ code: 'INVALID_REQUEST' }),
  );
});
