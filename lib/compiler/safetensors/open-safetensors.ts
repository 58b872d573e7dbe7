import type { CheckpointFile } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { headerLength, PREFIX_BYTES, parseHeader, type TensorInfo } from './header';
import { FLOAT_DTYPES, isFloatDtype, toFloat32 } from './to-float32';

/** Named tensors, read one at a time: of one file, or of several as one. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * The values as float32, row-major.
   * @throws CHECKPOINT_INVALID naming the tensor when it is missing, no float, or holds NaN or Infinity
   */
  read(name: string): Promise<Float32Array>;
}

/**
 * Reads the header and then tensors in ranges, never the whole file: memory stays at one tensor, and files may be
 * larger than what a Buffer holds.
 * @throws CHECKPOINT_INVALID for anything that is not a sound safetensors file
 */
export const openSafetensors = async (file: CheckpointFile): Promise<TensorSource> => {
  const prefix = await file.read(0, Math.min(PREFIX_BYTES, file.sizeBytes));
  const header = await file.read(PREFIX_BYTES, headerLength(prefix, file.sizeBytes));
  const tensors = parseHeader(header, file.sizeBytes);
  return {
    tensors,
    read: async (name) => {
      const info = tensors.get(name);
      if (info === undefined) {
        throw new SulcusError('CHECKPOINT_INVALID', `expected a tensor named ${name}, received none`);
      }
      if (!isFloatDtype(info.dtype)) {
        throw new SulcusError(
          'CHECKPOINT_INVALID',
          `expected ${FLOAT_DTYPES.join(', ')} for tensor ${name}, received ${info.dtype}`,
        );
      }
      const values = toFloat32(await file.read(info.offset, info.sizeBytes), info.dtype);
      requireFinite(name, values);
      return values;
    },
  };
};

const requireFinite = (name: string, values: Float32Array): void => {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value - value !== 0) {
      throw new SulcusError(
        'CHECKPOINT_INVALID',
        `expected finite values for tensor ${name}, received ${value} at ${i}`,
      );
    }
  }
};
