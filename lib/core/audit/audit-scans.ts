import { type Agreement, agreementOf } from './agreement';
import { linkHeads, SAME_PICTURE } from './link-heads';
import { type Neighbours, nearestNeighbours } from './nearest';

export interface AuditedScan {
  /** What `describePicture` makes of it. */
  readonly vector: Float32Array;
  readonly label: string | null;
  readonly subject: string | null;
  /** Null when the set has no splits. */
  readonly split: string | null;
}

/** Two scans that are one picture, but for what saving it again changes. Scans are meant by their place in the set. */
export interface DuplicatePair {
  readonly scans: readonly [number, number];
  readonly distance: number;
}

/** A head with scans on several sides. */
export interface LeakingHead {
  readonly head: number;
  readonly scans: readonly number[];
  readonly perSplit: Readonly<Record<string, number>>;
}

/** A scan with another label than most of its head. */
export interface LabelHint {
  readonly scan: number;
  readonly head: number;
  readonly label: string;
  readonly headLabel: string;
  /** Scans of the head with its label, of those with any. */
  readonly agreeing: number;
  readonly labelled: number;
}

export interface Audit {
  /** Of each scan, numbered from 0 in the order of the set. */
  readonly heads: readonly number[];
  readonly duplicates: readonly DuplicatePair[];
  /** Null without splits. */
  readonly leakage: {
    readonly heads: readonly LeakingHead[];
    readonly duplicates: readonly DuplicatePair[];
    /** By the set's own subjects; null when they are not known. */
    readonly subjects: number | null;
  } | null;
  readonly labelHints: readonly LabelHint[];
  /** Null unless the subject of every scan is known. */
  readonly agreement: Agreement | null;
}

const NEIGHBOURS = 12;
/** A label is a head's when so many of its scans have it. */
const MAJORITY = 2 / 3;
const LEAST_LABELLED = 3;

/**
 * Looks for what makes figures of a labelled set mean less than they seem to: pictures that are there twice, heads that are
 * in more than one split, labels that contradict the rest of their head. Subjects, where they are known, are not used to
 * find heads, only to say how well they were found.
 */
export const auditScans = (scans: readonly AuditedScan[]): Audit => {
  const vectors = scans.map(({ vector }) => vector);
  const neighbours = nearestNeighbours(vectors, NEIGHBOURS);
  const heads = linkHeads(vectors, neighbours);
  const duplicates = findDuplicates(neighbours);
  const subjects = scans.flatMap(({ subject }) => subject ?? []);
  return {
    heads,
    duplicates,
    leakage: findLeakage(scans, heads, duplicates),
    labelHints: findLabelHints(scans, heads),
    agreement: subjects.length === scans.length && scans.length > 0 ? agreementOf(heads, subjects) : null,
  };
};

const findDuplicates = ({ count, items, distances }: Neighbours): DuplicatePair[] => {
  const pairs: DuplicatePair[] = [];
  items.forEach((other, at) => {
    const scan = Math.floor(at / count);
    const distance = distances[at] as number;
    // Of more copies than neighbours not every pair is named, but every copy is.
    const isOtherWayRound = other < scan && items.subarray(other * count, (other + 1) * count).includes(scan);
    if (distance > SAME_PICTURE || isOtherWayRound) return;
    pairs.push({ scans: scan < other ? [scan, other] : [other, scan], distance: Number(distance.toFixed(4)) });
  });
  return pairs.sort((a, b) => a.scans[0] - b.scans[0] || a.scans[1] - b.scans[1]);
};

const findLeakage = (
  scans: readonly AuditedScan[],
  heads: readonly number[],
  duplicates: readonly DuplicatePair[],
): Audit['leakage'] => {
  const splitOf = (scan: number): string => scans[scan]?.split ?? '';
  if (new Set(scans.map((_, scan) => splitOf(scan))).size < 2) return null;
  const leaking = [...groupBy(heads)].flatMap(([head, members]): LeakingHead[] => {
    const perSplit = countInto(members.map(splitOf));
    return Object.keys(perSplit).length > 1 ? [{ head, scans: members, perSplit }] : [];
  });
  const known = scans.every(({ subject }) => subject !== null);
  const sides = known ? [...groupBy(scans.map(({ subject }) => subject as string)).values()] : [];
  return {
    heads: leaking,
    duplicates: duplicates.filter(({ scans: [first, second] }) => splitOf(first) !== splitOf(second)),
    subjects: known ? sides.filter((members) => new Set(members.map(splitOf)).size > 1).length : null,
  };
};

const findLabelHints = (scans: readonly AuditedScan[], heads: readonly number[]): LabelHint[] =>
  [...groupBy(heads)]
    .flatMap(([head, members]): LabelHint[] => {
      const labelled = members.filter((scan) => scans[scan]?.label != null);
      const counts = Object.entries(countInto(labelled.map((scan) => scans[scan]?.label as string)));
      const [headLabel, agreeing] = counts.reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0]);
      if (labelled.length < LEAST_LABELLED || agreeing < MAJORITY * labelled.length) return [];
      return labelled.flatMap((scan) => {
        const label = scans[scan]?.label as string;
        return label === headLabel ? [] : [{ scan, head, label, headLabel, agreeing, labelled: labelled.length }];
      });
    })
    .sort((a, b) => a.scan - b.scan);

/** Places by key, keys in the order in which they come. */
const groupBy = <Key>(keys: readonly Key[]): Map<Key, number[]> => {
  const groups = new Map<Key, number[]>();
  keys.forEach((key, place) => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [place]);
    else group.push(place);
  });
  return groups;
};

const countInto = (keys: readonly string[]): Record<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
};
