import { scoreLogits } from '../../../lib/cli/evaluation/score-logits';
import { createFakeModel } from '../../support/fake-classifier';

describe('scoreLogits', () => {
  const { manifest } = createFakeModel(async () => new Float32Array(3));

  it('gives scores in label order, and nobody abstains by a bundle that is not calibrated', () => {
    const [scan] = scoreLogits({ logits: [[0, 2, 1]], targets: [1], subjects: ['a'] }, manifest);

    expect(scan).toMatchObject({ truth: 1, logits: [0, 2, 1], subject: 'a', abstainReason: null });
    expect(scan?.scores.indexOf(Math.max(...(scan?.scores ?? [])))).toBe(1);
    expect(scan?.scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it('asks for a label of every scan', () => {
    const table = {
      logits: [
        [0, 2, 1],
        [1, 0, 0],
      ],
      targets: [1, null],
      subjects: null,
    };

    expect(() => scoreLogits(table, manifest)).toThrow('a label for each scan, received none for scan 2');
  });
});
