import { choosePenalty, INVERSE_PENALTIES } from '../../../lib/core/linear/choose-penalty';
import { dealFolds } from '../../../lib/core/linear/folds';
import { seededRandom } from '../../../lib/core/seeded-random';
import golden from './scikit-learn.json';

const features = golden.features.map((row) => Float32Array.from(row));

describe('folds', () => {
  test('no group is in two folds, and every label is spread', () => {
    const groups = Array.from({ length: 400 }, (_, item) => Math.floor(item / 8));
    const targets = groups.map((group) => (group < 10 ? 1 : 0));

    const folds = dealFolds(groups, targets, { count: 5, random: seededRandom(1) });

    const pairs = new Set(groups.map((group, item) => `${group}/${folds[item]}`));
    expect(pairs.size).toBe(50);
    for (let fold = 0; fold < 5; fold++) {
      const own = targets.filter((_, item) => folds[item] === fold);
      expect(own).toHaveLength(80);
      expect(own.filter((target) => target === 1)).toHaveLength(16);
    }
  });

  test('a seed gives the same folds, another one others', () => {
    const groups = Array.from({ length: 60 }, (_, item) => item);
    const deal = (seed: number) =>
      dealFolds(
        groups,
        groups.map(() => 0),
        { count: 3, random: seededRandom(seed) },
      );

    expect(deal(1)).toEqual(deal(1));
    expect(deal(1)).not.toEqual(deal(2));
  });
});

test('the penalty with the least loss on vectors left out is chosen, neither the strongest nor the weakest', () => {
  const { targets, labels } = golden.cases[0]!;
  const foldOf = targets.map((_, item) => item % 5);

  const { chosen, tried, unpredictable } = choosePenalty({ features, targets, labels }, { foldOf, folds: 5 });

  expect(unpredictable).toBe(0);
  expect(chosen.loss).toBe(Math.min(...tried.map(({ loss }) => loss)));
  expect(chosen.inversePenalty).toBeGreaterThan(1e-6);
  expect(chosen.inversePenalty).toBeLessThan(100);
  expect(tried[0]!.loss).toBeGreaterThan(chosen.loss);
});

test('weaker penalties are not tried once two in a row were worse than the best', () => {
  const { targets, labels } = golden.cases[0]!;
  const foldOf = targets.map((_, item) => item % 5);

  const { chosen, tried } = choosePenalty({ features, targets, labels }, { foldOf, folds: 5 });

  expect(tried.length).toBeLessThan(INVERSE_PENALTIES.length);
  expect(tried.slice(-3).map(({ loss }) => loss > chosen.loss)).toEqual([false, true, true]);
});

test('what a fold is predicted with knows nothing of its labels', () => {
  const { targets, labels } = golden.cases[0]!;
  const foldOf = targets.map((_, item) => item % 5);
  const own = foldOf.flatMap((fold, item) => (fold === 2 ? [item] : []));
  const otherLabels = targets.map((target, item) => (foldOf[item] === 2 ? (target + 1) % labels : target));

  const logitsOf = (of: readonly number[]) =>
    choosePenalty({ features, targets: of, labels }, { foldOf, folds: 5 }).tried;

  const [before, after] = [logitsOf(targets), logitsOf(otherLabels)];
  for (const item of own) expect(after[4]!.logits[item]).toEqual(before[4]!.logits[item]);
});

test('scans whose label only their own fold has are counted as such', () => {
  const { targets, labels } = golden.cases[0]!;
  const foldOf = targets.map((target, item) => (target === 3 ? 0 : item % 3));

  const { chosen, unpredictable } = choosePenalty({ features, targets, labels }, { foldOf, folds: 3 });

  expect(unpredictable).toBe(targets.filter((target) => target === 3).length);
  expect(Number.isFinite(chosen.loss)).toBe(true);
});
