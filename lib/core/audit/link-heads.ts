import type { Neighbours } from './nearest';

/**
 * Distance of a picture from the same one saved again, as JPEG or at another size; slices next to each other are twice as
 * far apart.
 */
export const SAME_PICTURE = 0.04;

/**
 * Limits for axial slices a few millimetres apart, as distances of `describePicture`; docs/audit.md says how they were
 * found, and what they are worth on people they were not found on.
 */
const LIMITS = {
  /** Two slices next to each other in one head are no further apart: their correlation is 0.98. */
  near: 0.2,
  /** Nor two with one or two missing between them. */
  far: 0.35,
  /** Cosine between a step and the next one that goes on in the same head, at both of its ends. */
  turn: 0.25,
  /** The same for a slice whose other side is not known. */
  looseTurn: 0.3,
} as const;

/** Nearest others that may be next to a slice: those before and after it, and one beyond. */
const NEXT = 3;
/** Joining pieces makes longer ones, whose ends may then be joined. */
const ROUNDS = 3;

/**
 * Which pictures are of one head. Slices of a head are a path through the space of pictures. Slices that are near and each
 * among the nearest of the other lie next to each other on it; pieces are then joined where the step from one to the other
 * goes on in the direction of the steps before and after it. Another person's slice of the same height, which may be as
 * near as a slice beyond a gap, lies aside.
 * @param neighbours of the same vectors
 * @returns a number for each picture, equal for pictures of one head; 0 for the first, new ones as they come
 */
export const linkHeads = (vectors: readonly Float32Array[], neighbours: Neighbours): number[] => {
  const { count } = neighbours;
  const pieces = createPieces(vectors.length);
  const isAmongNext = (item: number, other: number): boolean => {
    for (let rank = 0; rank < Math.min(NEXT, count); rank++) {
      if (neighbours.items[item * count + rank] === other) return true;
    }
    return false;
  };
  forEachPair(neighbours, (item, other, distance) => {
    const areNext = distance <= LIMITS.near && isAmongNext(item, other) && isAmongNext(other, item);
    if (areNext || distance <= SAME_PICTURE) pieces.link(item, other);
  });
  for (let round = 0; round < ROUNDS; round++) {
    const found: [number, number][] = [];
    forEachPair(neighbours, (item, other, distance) => {
      if (distance > LIMITS.far || pieces.areOne(item, other)) return;
      if (goesOn(vectors, pieces, item, other)) found.push([item, other]);
    });
    for (const [item, other] of found) pieces.link(item, other);
    if (found.length === 0) break;
  }
  return numberInOrder(vectors.map((_, item) => pieces.rootOf(item)));
};

const forEachPair = (
  { count, items, distances }: Neighbours,
  visit: (item: number, other: number, distance: number) => void,
): void => {
  for (let at = 0; at < items.length; at++) {
    visit(Math.floor(at / count), items[at] as number, distances[at] as number);
  }
};

interface Pieces {
  rootOf(item: number): number;
  areOne(item: number, other: number): boolean;
  link(item: number, other: number): void;
  linksOf(item: number): readonly number[];
}

/** Disjoint sets of pictures, and what each was linked to. */
const createPieces = (count: number): Pieces => {
  const parents = Int32Array.from({ length: count }, (_, item) => item);
  const links: number[][] = Array.from({ length: count }, () => []);
  const rootOf = (item: number): number => {
    let root = item;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root] as number] as number;
      root = parents[root] as number;
    }
    return root;
  };
  return {
    rootOf,
    areOne: (item, other) => rootOf(item) === rootOf(other),
    link: (item, other) => {
      if (links[item]?.includes(other)) return;
      links[item]?.push(other);
      links[other]?.push(item);
      const [first, second] = [rootOf(item), rootOf(other)];
      parents[Math.max(first, second)] = Math.min(first, second);
    },
    linksOf: (item) => links[item] ?? [],
  };
};

/** Whether a step between two pieces goes on where both lead; pictures that are by themselves lead nowhere. */
const goesOn = (vectors: readonly Float32Array[], pieces: Pieces, from: number, to: number): boolean => {
  const before = straightest(vectors, pieces.linksOf(from), from, to);
  const after = straightest(vectors, pieces.linksOf(to), to, from);
  if (before === null) return after !== null && after >= LIMITS.looseTurn;
  if (after === null) return before >= LIMITS.looseTurn;
  return Math.min(before, after) >= LIMITS.turn;
};

/** Highest cosine between the step `at` to `next` and a step to `at`; null where there is none. */
const straightest = (
  vectors: readonly Float32Array[],
  previous: readonly number[],
  at: number,
  next: number,
): number | null => {
  if (previous.length === 0) return null;
  const [here, there] = [vectors[at] as Float32Array, vectors[next] as Float32Array];
  return Math.max(...previous.map((before) => cosineOfSteps(vectors[before] as Float32Array, here, there)));
};

const cosineOfSteps = (before: Float32Array, here: Float32Array, there: Float32Array): number => {
  let [product, first, second] = [0, 0, 0];
  for (let i = 0; i < here.length; i++) {
    const come = (here[i] as number) - (before[i] as number);
    const go = (there[i] as number) - (here[i] as number);
    product += come * go;
    first += come * come;
    second += go * go;
  }
  return first > 0 && second > 0 ? product / Math.sqrt(first * second) : 0;
};

const numberInOrder = (roots: readonly number[]): number[] => {
  const numbers = new Map<number, number>();
  return roots.map((root) => {
    const known = numbers.get(root) ?? numbers.size;
    numbers.set(root, known);
    return known;
  });
};
