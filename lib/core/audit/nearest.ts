/** The nearest others of every picture, nearest first; row-major [pictures, count]. */
export interface Neighbours {
  readonly count: number;
  readonly items: Int32Array;
  readonly distances: Float32Array;
}

/** Rows of a product: each value that is read serves four. */
const ROWS = 4;

/**
 * The nearest others of every picture by Euclidean distance, over all pairs.
 * @param vectors of one length, each of length 1 or all 0
 * @param count how many of each; fewer where there are fewer others
 */
export const nearestNeighbours = (vectors: readonly Float32Array[], count: number): Neighbours => {
  const kept = Math.max(0, Math.min(count, vectors.length - 1));
  const items = new Int32Array(vectors.length * kept).fill(-1);
  const distances = new Float32Array(vectors.length * kept).fill(Number.POSITIVE_INFINITY);
  const offer = (item: number, other: number, distance: number): void => {
    let at = item * kept + kept - 1;
    if (!(distance < (distances[at] as number))) return;
    for (; at > item * kept && distance < (distances[at - 1] as number); at--) {
      distances[at] = distances[at - 1] as number;
      items[at] = items[at - 1] as number;
    }
    distances[at] = distance;
    items[at] = other;
  };
  const lengths = Float64Array.from(vectors, (vector) => vector.reduce((sum, value) => sum + value * value, 0));
  const products = new Float64Array(ROWS);
  for (let from = 0; from < vectors.length && kept > 0; from += ROWS) {
    const rows = Array.from({ length: ROWS }, (_, row) => vectors[Math.min(from + row, vectors.length - 1)]);
    for (let other = from + 1; other < vectors.length; other++) {
      multiply(rows as Float32Array[], vectors[other] as Float32Array, products);
      for (let row = 0; row < ROWS && from + row < other; row++) {
        const item = from + row;
        const squared = (lengths[item] as number) + (lengths[other] as number) - 2 * (products[row] as number);
        const distance = Math.sqrt(Math.max(0, squared));
        offer(item, other, distance);
        offer(other, item, distance);
      }
    }
  }
  return { count: kept, items, distances };
};

const multiply = (rows: readonly Float32Array[], vector: Float32Array, products: Float64Array): void => {
  const [a, b, c, d] = rows as [Float32Array, Float32Array, Float32Array, Float32Array];
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let at = 0; at < vector.length; at++) {
    const value = vector[at] as number;
    first += (a[at] as number) * value;
    second += (b[at] as number) * value;
    third += (c[at] as number) * value;
    fourth += (d[at] as number) * value;
  }
  products[0] = first;
  products[1] = second;
  products[2] = third;
  products[3] = fourth;
};
