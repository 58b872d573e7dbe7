import { choosePenalty } from '../../../lib/core/linear/choose-penalty';
import { fitHead } from '../../../lib/core/linear/fit-head';
import { linearLogits } from '../../../lib/core/linear/logistic-regression';
import { createStandardizedFitter } from '../../../lib/core/linear/standardize';
import { softmaxLoss } from '../../../lib/core/metrics/losses';
import golden from './scikit-learn-head.json';

const features = golden.features.map((row) => Float32Array.from(row));
const { targets, groups } = golden;
const data = { features, targets, labels: 4 };

/** What scikit-learn and this may differ by, of values of any size. */
const SHARE = 1e-3;
const furthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (a[index] as number)) / Math.max(1, Math.abs(value))),
    0,
  );

test("the classifier of a penalty, its standardization folded in, is scikit-learn's", () => {
  const classifier = createStandardizedFitter(data)({ inversePenalty: golden.inversePenalty });

  expect(furthest(classifier.weight, golden.weight)).toBeLessThan(SHARE);
  expect(furthest(classifier.bias, golden.bias)).toBeLessThan(SHARE);
});

test("a penalty's loss and accuracy on people left out are scikit-learn's, and so is the choice among all of them", () => {
  const { tried, chosen } = choosePenalty(data, {
    foldOf: golden.folds,
    folds: 5,
    createFitter: createStandardizedFitter,
  });

  const expected = golden.tried.slice(0, tried.length);
  expect(tried.map(({ inversePenalty }) => inversePenalty)).toEqual(expected.map((each) => each.inversePenalty));
  expect(
    furthest(
      tried.map(({ loss }) => loss),
      expected.map((each) => each.loss),
    ),
  ).toBeLessThan(SHARE);
  expect(tried.map(({ accuracy }) => accuracy)).toEqual(expected.map((each) => expect.closeTo(each.accuracy, 9)));
  expect(chosen.inversePenalty).toBe(golden.inversePenalty);
});

test('penalties that are not tried have the loss that scikit-learn gives them', () => {
  const { tried } = choosePenalty(data, { foldOf: golden.folds, folds: 5, createFitter: createStandardizedFitter });

  const others = golden.tried.slice(tried.length);
  expect(others.length).toBeGreaterThan(0);
  const losses = others.map(({ inversePenalty }) => meanLossOfFolds(inversePenalty));
  expect(
    furthest(
      losses,
      others.map(({ loss }) => loss),
    ),
  ).toBeLessThan(SHARE);
});

const meanLossOfFolds = (inversePenalty: number): number => {
  const losses = [0, 1, 2, 3, 4].flatMap((fold) => {
    const of = (own: boolean) => targets.flatMap((_, item) => ((golden.folds[item] === fold) === own ? [item] : []));
    const others = of(false);
    const classifier = createStandardizedFitter({
      features: others.map((item) => features[item]!),
      targets: others.map((item) => targets[item]!),
      labels: 4,
    })({ inversePenalty });
    return of(true).map((item) => softmaxLoss(linearLogits(classifier, features[item]!), targets[item]!));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
};

test('starting from the classifier of another penalty leads to the same place', () => {
  const fitPenalty = createStandardizedFitter(data);
  const start = fitPenalty({ inversePenalty: 0.001 });

  const [warm, cold] = [fitPenalty({ inversePenalty: 1, start }), fitPenalty({ inversePenalty: 1 })];

  expect(furthest(warm.weight, [...cold.weight])).toBeLessThan(SHARE);
  expect([...warm.bias].reduce((a, b) => a + b, 0)).toBeCloseTo(0, 8);
});

test('features in other units give the same logits', () => {
  const other = features.map((vector) => vector.map((value, channel) => value * 2 ** (channel - 3) + 4));
  const options = { inversePenalty: 0.1 };

  const [first, second] = [
    createStandardizedFitter(data)(options),
    createStandardizedFitter({ ...data, features: other })(options),
  ];

  features.slice(0, 10).forEach((vector, index) => {
    const expected = linearLogits(first, vector);
    expect(furthest(linearLogits(second, other[index]!), expected)).toBeLessThan(SHARE);
  });
});

describe('a head', () => {
  const labels = ['amber', 'birch', 'cedar', 'dune'];

  test('says what it was trained on and how good it is on people left out', () => {
    const { classifier, facts } = fitHead({ features, targets, labels, subjects: groups });

    const { accuracy, loss, ...counts } = facts.crossValidation;
    expect(classifier.weight).toHaveLength(32);
    expect(facts).toMatchObject({ scans: 120, subjects: 30 });
    expect(facts.perLabel.map(({ label }) => label)).toEqual(labels);
    expect(facts.perLabel[3]).toEqual({ label: 'dune', scans: 8, subjects: 2 });
    expect(counts).toEqual({ folds: 5, scans: 120 });
    for (const { value, low, high } of [accuracy, loss]) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });

  test('is the same for the same data, and another where subjects are not known', () => {
    const [first, second, alone] = [groups, groups, null].map((subjects) =>
      fitHead({ features, targets, labels, subjects }),
    );

    expect(first).toEqual(second);
    expect(alone!.facts).toMatchObject({ subjects: null, perLabel: Array(4).fill({ subjects: null }) });
    // Scans of one person are alike, which scans left out one by one reward.
    expect(alone!.facts.crossValidation.loss.value).toBeLessThan(first!.facts.crossValidation.loss.value);
  });

  test.each<[string, Partial<Parameters<typeof fitHead>[0]>, RegExp]>([
    ['one label', { labels: ['amber'], targets: targets.map(() => 0) }, /at least two labels .*, received amber alone/],
    ['a label of one scan', { targets: targets.map((_, item) => (item === 0 ? 3 : item % 3)) }, /received 1 of dune/],
    ['a label of no scan', { targets: targets.map((target) => target % 3) }, /received 0 of dune/],
    ['one subject', { subjects: groups.map(() => 1) }, /at least two subjects .*, received one/],
    ['a value that is not finite', { features: features.with(7, new Float32Array(8).fill(Number.NaN)) }, /of scan 8/],
    [
      'features of another length',
      { features: features.with(3, new Float32Array(7)) },
      /8 finite features .* of scan 4/,
    ],
  ])('of %s is refused', (_, given, message) => {
    expect(() => fitHead({ features, targets, labels, subjects: groups, ...given })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.stringMatching(message) }),
    );
  });
});
