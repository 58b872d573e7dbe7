import { agreementOf } from '../../../lib/core/audit/agreement';
import { type AuditedScan, auditScans } from '../../../lib/core/audit/audit-scans';
import { DESCRIPTOR_SIZE, describePicture } from '../../../lib/core/audit/describe-picture';
import { nearestNeighbours } from '../../../lib/core/audit/nearest';
import { resample } from '../../../lib/core/resample';
import { seededRandom, shuffledIndexes } from '../../../lib/core/seeded-random';
import { syntheticHead } from '../../support/synthetic-heads';

const PEOPLE = 10;
const SLICES = 12;

/** Slices of ten people in random order, every ninth missing. */
const makeScans = (split: (person: number, slice: number) => string | null = () => null): AuditedScan[] => {
  const scans = Array.from({ length: PEOPLE }, (_, person) => {
    const head = syntheticHead(person + 1);
    return Array.from({ length: SLICES }, (_, slice) => ({
      vector: describePicture(head(slice)),
      label: person % 2 === 0 ? 'even' : 'odd',
      subject: `person ${person}`,
      split: split(person, slice),
    })).filter((_, slice) => (person * 5 + slice) % 9 !== 0);
  }).flat();
  return shuffledIndexes(scans.length, seededRandom(3)).map((index) => scans[index] as AuditedScan);
};

describe('describePicture', () => {
  const image = syntheticHead(1)(4);

  it('is of length 1 about 0, whatever the brightness, contrast or channels', () => {
    const vector = describePicture(image);
    const brighter = describePicture({ ...image, pixels: image.pixels.map((value) => 20 + value * 0.8) });
    const colour = describePicture({
      ...image,
      channels: 3,
      pixels: Uint8Array.from({ length: image.pixels.length * 3 }, (_, at) => image.pixels[Math.floor(at / 3)] ?? 0),
    });

    expect(vector).toHaveLength(DESCRIPTOR_SIZE);
    expect(vector.reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(1, 5);
    expect(vector.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
    for (const [cell, value] of brighter.entries()) expect(Math.abs(value - (vector[cell] ?? 0))).toBeLessThan(0.003);
    expect(colour).toEqual(vector);
  });

  it('is 0 for one grey', () => {
    const grey = { ...image, pixels: new Uint8Array(image.pixels.length).fill(7) };

    expect(describePicture(grey).every((value) => value === 0)).toBe(true);
  });
});

describe('nearestNeighbours', () => {
  const random = seededRandom(4);
  const vectors = Array.from({ length: 23 }, () => Float32Array.from({ length: 9 }, () => random() - 0.5));

  it('gives the nearest of all others, nearest first', () => {
    const { count, items, distances } = nearestNeighbours(vectors, 5);

    expect(count).toBe(5);
    vectors.forEach((vector, item) => {
      const all = vectors
        .map((other, index) => ({ index, distance: Math.hypot(...other.map((value, i) => value - (vector[i] ?? 0))) }))
        .filter(({ index }) => index !== item)
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 5);
      expect([...items.subarray(item * 5, item * 5 + 5)]).toEqual(all.map(({ index }) => index));
      for (const [rank, { distance }] of all.entries()) expect(distances[item * 5 + rank]).toBeCloseTo(distance, 5);
    });
  });

  it('gives as many as there are', () => {
    expect([...nearestNeighbours(vectors.slice(0, 2), 5).items]).toEqual([1, 0]);
    expect(nearestNeighbours(vectors.slice(0, 1), 5)).toMatchObject({ count: 0, items: new Int32Array(0) });
    expect(nearestNeighbours([], 5).count).toBe(0);
  });
});

describe('agreementOf', () => {
  it('counts pairs, scans and whole groups', () => {
    // Head 0 is a, but for one; head 1 has that one and all of b; head 2 is c.
    const agreement = agreementOf([0, 0, 1, 1, 1, 2, 2], ['a', 'a', 'a', 'b', 'b', 'c', 'c']);

    expect(agreement).toEqual({
      subjects: 3,
      heads: 3,
      exact: 1,
      mixed: 1,
      divided: 1,
      pairPrecision: 3 / 5,
      pairRecall: 3 / 5,
      scanPrecision: (2 + 1 / 3 + 4 / 3 + 2) / 7,
      scanRecall: (4 / 3 + 1 / 3 + 2 + 2) / 7,
    });
  });

  it('knows no precision without pairs', () => {
    expect(agreementOf([0, 1], ['a', 'b'])).toMatchObject({ pairPrecision: null, pairRecall: null, exact: 2 });
  });
});

describe('auditScans', () => {
  it('finds the heads whose slices are shuffled and some of which are missing', () => {
    const { agreement, leakage, duplicates, labelHints } = auditScans(makeScans());

    expect(agreement).toMatchObject({ subjects: PEOPLE, exact: PEOPLE, pairPrecision: 1, pairRecall: 1 });
    expect(leakage).toBeNull();
    expect(duplicates).toEqual([]);
    expect(labelHints).toEqual([]);
  });

  it('takes one slice each of many people for as many heads', () => {
    const scans = Array.from({ length: 40 }, (_, person) => ({
      vector: describePicture(syntheticHead(100 + person)(5)),
      label: null,
      subject: `person ${person}`,
      split: null,
    }));

    expect(auditScans(scans).agreement?.mixed).toBe(0);
  });

  it('does not look at subjects to find heads', () => {
    const scans = makeScans();

    const blind = auditScans(scans.map((scan) => ({ ...scan, subject: null })));

    expect(blind.heads).toEqual(auditScans(scans).heads);
    expect(blind.agreement).toBeNull();
  });

  it('names the heads that are in several splits, with what of them is where', () => {
    const scans = makeScans((person, slice) => (person === 3 && slice % 2 === 0 ? 'test' : 'train'));

    const { leakage } = auditScans(scans);

    const own = scans.flatMap(({ subject }, scan) => (subject === 'person 3' ? [scan] : []));
    const test = own.filter((scan) => scans[scan]?.split === 'test').length;
    expect(leakage?.heads).toHaveLength(1);
    expect(leakage?.heads[0]).toMatchObject({ scans: own, perSplit: { test, train: own.length - test } });
    expect(leakage?.subjects).toBe(1);
  });

  it('finds no leakage where whole people are on one side', () => {
    const { leakage } = auditScans(makeScans((person) => (person < 3 ? 'test' : 'train')));

    expect(leakage).toEqual({ heads: [], duplicates: [], subjects: 0 });
  });

  it('finds a picture that was saved again at another size, also across splits', () => {
    const scans = makeScans(() => 'train');
    const [original] = scans;
    const person = Number(original?.subject?.slice('person '.length));
    const slices = Array.from({ length: SLICES }, (_, slice) => syntheticHead(person + 1)(slice));
    const image = slices.find((each) => `${describePicture(each)}` === `${original?.vector}`);
    if (image === undefined || original === undefined) throw new Error('expected the slice again');
    const larger = { ...image, width: 100, height: 100, pixels: resample(image, 100, 100, 'bicubic') };
    const copy = { ...original, vector: describePicture(larger), split: 'test' };

    const { duplicates, leakage } = auditScans([...scans, copy]);

    expect(duplicates).toEqual([{ scans: [0, scans.length], distance: expect.any(Number) }]);
    expect(leakage?.duplicates).toEqual(duplicates);
    expect(leakage?.heads).toHaveLength(1);
  });

  it('hints at a label that the rest of the head contradicts', () => {
    const scans = makeScans();
    const wrong = scans.map((scan, index) => (index === 7 ? { ...scan, label: 'other' } : scan));

    const { labelHints, heads } = auditScans(wrong);

    const members = heads.filter((head) => head === heads[7]).length;
    expect(labelHints).toEqual([
      {
        scan: 7,
        head: heads[7],
        label: 'other',
        headLabel: scans[7]?.label,
        agreeing: members - 1,
        labelled: members,
      },
    ]);
  });
});
