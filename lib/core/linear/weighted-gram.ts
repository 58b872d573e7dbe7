/** Row-major [rows, columns]. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Rows taken at a time, so that what two times two columns are multiplied from stays in the nearest cache. */
const TILE = 64;

/**
 * Lower triangle of `Xᵀ diag(weights) X`, row-major [columns, columns]; what lies above is not to be read.
 * @param weights one a row, none negative
 */
export const weightedGram = (matrix: Matrix, weights: Float64Array): Float64Array => {
  const { rows, columns } = matrix;
  // A column of zeros makes them even.
  const size = columns + (columns % 2);
  const sums = new Float64Array(size * size);
  const tile = new Float64Array(size * TILE);
  for (let from = 0; from < rows; from += TILE) {
    fillTile(tile, matrix, weights, from);
    addProducts(sums, tile, size);
  }
  return size === columns ? sums : withoutLast(sums, size);
};

/** Column after column, each row times the root of its weight; zeros beyond the last row. */
const fillTile = (tile: Float64Array, { rows, columns, values }: Matrix, weights: Float64Array, from: number): void => {
  const count = Math.min(TILE, rows - from);
  if (count < TILE) tile.fill(0);
  for (let row = 0; row < count; row++) {
    const root = Math.sqrt(weights[from + row] as number);
    const start = (from + row) * columns;
    for (let column = 0; column < columns; column++) {
      tile[column * TILE + row] = root * (values[start + column] as number);
    }
  }
};

/** Two columns by two: each value read is used twice, and four sums do not wait for each other. */
const addProducts = (sums: Float64Array, tile: Float64Array, size: number): void => {
  for (let i = 0; i < size; i += 2) {
    for (let j = 0; j <= i; j += 2) {
      let upperLeft = 0;
      let upperRight = 0;
      let lowerLeft = 0;
      let lowerRight = 0;
      for (let row = 0, a = i * TILE, b = j * TILE; row < TILE; row++, a++, b++) {
        const upper = tile[a] as number;
        const lower = tile[a + TILE] as number;
        const left = tile[b] as number;
        const right = tile[b + TILE] as number;
        upperLeft += upper * left;
        upperRight += upper * right;
        lowerLeft += lower * left;
        lowerRight += lower * right;
      }
      const at = i * size + j;
      sums[at] = (sums[at] as number) + upperLeft;
      sums[at + 1] = (sums[at + 1] as number) + upperRight;
      sums[at + size] = (sums[at + size] as number) + lowerLeft;
      sums[at + size + 1] = (sums[at + size + 1] as number) + lowerRight;
    }
  }
};

const withoutLast = (square: Float64Array, size: number): Float64Array => {
  const less = new Float64Array((size - 1) ** 2);
  for (let row = 0; row < size - 1; row++) {
    less.set(square.subarray(row * size, (row + 1) * size - 1), row * (size - 1));
  }
  return less;
};
