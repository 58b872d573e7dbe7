import { fitGate } from '../../../lib/core/calibration/fit-gate';
import { fitSpace as fitMoments, meanOf, momentsOf, withoutMoments } from '../../../lib/core/calibration/fit-space';
import { gateDistances, passesGate, toThumbnail } from '../../../lib/core/calibration/input-gate';
import { decodeSpace, distanceIn, encodeSpace, type NormalSpace } from '../../../lib/core/calibration/normal-space';
import { seededRandom } from '../../../lib/core/seeded-random';

const gaussians = (seed: number) => {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
};

/** Vectors of independent channels with these deviations, around 5. */
const vectorsOf = (count: number, deviations: readonly number[], seed = 1): Float32Array[] => {
  const next = gaussians(seed);
  return Array.from({ length: count }, () => Float32Array.from(deviations, (deviation) => 5 + deviation * next()));
};

const fitSpace = (vectors: readonly ArrayLike<number>[], axes: number): NormalSpace =>
  fitMoments(momentsOf(vectors, meanOf(vectors)), axes);

describe('distanceIn', () => {
  it('is the Mahalanobis distance of the covariance that the axes and the rest make', () => {
    const space: NormalSpace = {
      mean: Float32Array.of(1, 0, 0),
      directions: Float32Array.of(0.6, 0.8, 0),
      variances: Float32Array.of(4),
      restVariance: 0.25,
    };

    // 0.6 * 2 + 0.8 * 1 = 2 along the axis; 4 + 1 + 9 - 4 beside it.
    expect(distanceIn(space, [3, 1, 3])).toBeCloseTo(Math.sqrt((4 / 4 + 10 / 0.25) / 3), 6);
    expect(distanceIn(space, [1, 0, 0])).toBe(0);
  });
});

describe('fitSpace', () => {
  const deviations = [9, 5, ...new Array<number>(28).fill(0.5)];

  it('finds the axes that vary most, with the variance along each, and the mean of the others', () => {
    const { mean, directions, variances, restVariance } = fitSpace(vectorsOf(3000, deviations), 2);

    expect(mean.every((value) => Math.abs(value - 5) < 0.6)).toBe(true);
    expect(Math.abs(directions[0] ?? 0)).toBeGreaterThan(0.99);
    expect(Math.abs(directions[30 + 1] ?? 0)).toBeGreaterThan(0.99);
    expect((variances[0] ?? 0) / 81).toBeCloseTo(1, 1);
    expect((variances[1] ?? 0) / 25).toBeCloseTo(1, 1);
    expect(restVariance).toBeCloseTo(0.25, 1);
  });

  it('fits vectors without some of them as if those had never been there', () => {
    const [vectors, more] = [vectorsOf(300, deviations), vectorsOf(50, deviations, 8)];
    const origin = new Float64Array(30).fill(4);
    const all = momentsOf([...vectors, ...more], origin);

    const space = fitMoments(withoutMoments(all, momentsOf(more, origin)), 2);

    const expected = fitSpace(vectors, 2);
    expect(space.mean[7]).toBeCloseTo(expected.mean[7] ?? 0, 5);
    expect(space.variances[1]).toBeCloseTo(expected.variances[1] ?? 0, 4);
    expect(space.restVariance).toBeCloseTo(expected.restVariance, 9);
  });

  it('puts what it was fitted on about 1 away', () => {
    const vectors = vectorsOf(500, deviations);
    const space = fitSpace(vectors, 4);

    const mean = vectors.reduce((sum, vector) => sum + distanceIn(space, vector), 0) / vectors.length;
    expect(mean).toBeCloseTo(1, 1);
  });

  it('makes something finite of vectors that are all the same', () => {
    const space = fitSpace(
      Array.from({ length: 70 }, () => new Float64Array(20)),
      16,
    );

    expect(distanceIn(space, new Float64Array(20))).toBe(0);
    expect(Number.isFinite(distanceIn(space, new Float64Array(20).fill(1)))).toBe(true);
    expect(distanceIn(space, new Float64Array(20).fill(1))).toBeGreaterThan(100);
  });
});

describe('an encoded space', () => {
  const space = fitSpace(vectorsOf(100, new Array<number>(20).fill(1)), 3);

  it('comes back as it was', () => {
    expect(decodeSpace(JSON.parse(JSON.stringify(encodeSpace(space))))).toEqual(space);
  });

  it.each([
    ['numbers are missing', { mean: encodeSpace(space).variances }],
    ['the text is no base64', { directions: '%%%' }],
    ['a variance is 0', { variances: encodeSpace({ ...space, variances: Float32Array.of(1, 0, 1) }).variances }],
    ['a mean is NaN', { mean: encodeSpace({ ...space, mean: new Float32Array(20).fill(Number.NaN) }).mean }],
  ])('is none when %s', (_, wrong) => {
    expect(decodeSpace({ ...encodeSpace(space), ...wrong })).toBeUndefined();
  });
});

describe('toThumbnail', () => {
  it('is the mean grey of each cell, whatever the size', () => {
    const [height, width] = [33, 40];
    const pixels = new Uint8Array(height * width * 3);
    for (let y = 0; y < height; y++) pixels.fill(y < 33 / 2 ? 0 : 255, y * width * 3, (y + 1) * width * 3);

    const cells = toThumbnail(pixels, { height, width });

    expect(cells).toHaveLength(256);
    expect([...cells.subarray(0, 16)]).toEqual(new Array(16).fill(0));
    expect([...cells.subarray(240)]).toEqual(new Array(16).fill(1));
  });

  it('takes pictures smaller than its cells', () => {
    expect([...toThumbnail(new Uint8Array(8 * 8 * 3).fill(51), { height: 8, width: 8 })]).toEqual(
      new Array(256).fill(expect.closeTo(0.2, 12)),
    );
  });
});

describe('fitGate', () => {
  const features = vectorsOf(200, new Array<number>(24).fill(1));
  const scans = vectorsOf(200, new Array<number>(256).fill(0.1), 2).map((thumbnail, index) => ({
    features: features[index] as Float32Array,
    thumbnail: Float64Array.from(thumbnail),
  }));
  const subjects = scans.map((_, index) => index % 20);

  it('lets nearly all slices of left-out subjects through', () => {
    const { gate } = fitGate(scans, subjects);

    expect(gate.scans).toBe(200);
    expect(gate.falseRejects).toBeLessThanOrEqual(0.02);
  });

  it('refuses what is far away by one measure alone', () => {
    const { gate, statistics } = fitGate(scans, subjects);
    const usual = scans[0] as (typeof scans)[number];
    const passes = (scan: typeof usual) => passesGate(gateDistances(statistics, scan), gate);

    expect(passes(usual)).toBe(true);
    expect(passes({ ...usual, features: new Float32Array(24).fill(9) })).toBe(false);
    expect(passes({ ...usual, thumbnail: new Float64Array(256).fill(0) })).toBe(false);
  });

  it('does not measure a label of two people against statistics without it', () => {
    const others = [1, 2, 3, 4, 5, 6];
    const limitsOf = (known: boolean): number[] =>
      others.map((other) => {
        const isRare = (subject: number) => subject === 0 || subject === other;
        const shifted = scans.map((scan, index) =>
          isRare(subjects[index] as number) ? { ...scan, features: scan.features.map((value) => value + 8) } : scan,
        );
        const labels = subjects.map((subject) => (isRare(subject) ? 1 : 0));
        return fitGate(shifted, subjects, known ? labels : undefined).gate.featureLimit;
      });

    const [blind, shared] = [limitsOf(false), limitsOf(true)];

    expect(Math.max(...blind)).toBeGreaterThan(5);
    expect(Math.max(...shared)).toBeLessThan(2.5);
  });

  it('asks for enough slices', () => {
    expect(() => fitGate(scans.slice(0, 63), subjects.slice(0, 63))).toThrow('at least 64 scans');
    expect(() => fitGate(scans, new Array(200).fill(3))).toThrow('of two subjects');
  });
});
