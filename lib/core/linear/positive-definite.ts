/** Lower triangle of the Cholesky factor of a symmetric positive definite matrix, row-major [size, size]. */
export const choleskyFactor = (matrix: Float64Array, size: number): Float64Array => {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column] as number;
      for (let k = 0; k < column; k++) {
        sum -= (factor[row * size + k] as number) * (factor[column * size + k] as number);
      }
      factor[row * size + column] = row === column ? Math.sqrt(sum) : sum / (factor[column * size + column] as number);
    }
  }
  return factor;
};

/** Solves `factor factorᵀ x = vector` in place. */
export const choleskySolve = (factor: Float64Array, vector: Float64Array): void => {
  const size = vector.length;
  for (let row = 0; row < size; row++) {
    let sum = vector[row] as number;
    for (let k = 0; k < row; k++) sum -= (factor[row * size + k] as number) * (vector[k] as number);
    vector[row] = sum / (factor[row * size + row] as number);
  }
  for (let row = size - 1; row >= 0; row--) {
    const value = (vector[row] as number) / (factor[row * size + row] as number);
    vector[row] = value;
    for (let k = 0; k < row; k++) vector[k] = (vector[k] as number) - (factor[row * size + k] as number) * value;
  }
};
