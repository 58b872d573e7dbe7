import type { CheckpointFile } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { headerLength, PREFIX_BYTES, parseHeader, type TensorInfo } from './header';
import { FLOAT_BYTES, FLOAT_DTYPES, type FloatDtype, isFloatDtype, toFloat32 } from './to-float32';

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
 * One read's worth of a large tensor: Node refuses to read 2 GiB at once, and what is converted needs no second copy of
 * the whole. The largest tensor of a published ViT (ViT-H's classifier of 21 843 labels) takes two.
 */
const CHUNK_BYTES = 64 * 1024 * 1024;

/**
 * Reads the header and then tensors in ranges, never the whole file: memory stays at one tensor as float32 and one chunk,
 * and files, and tensors, may be larger than what a Buffer holds.
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
      const { dtype } = info;
      if (!isFloatDtype(dtype)) {
        throw new SulcusError(
          'CHECKPOINT_INVALID',
          `expected ${FLOAT_DTYPES.join(', ')} for tensor ${name}, received ${dtype}`,
        );
      }
      return readFloats(file, info, dtype);
    },
  };
};

const readFloats = async (file: CheckpointFile, info: TensorInfo, dtype: FloatDtype): Promise<Float32Array> => {
  const { name, offset, sizeBytes } = info;
  const readChunk = async (start: number): Promise<Float32Array> => {
    const bytes = await file.read(offset + start, Math.min(CHUNK_BYTES, sizeBytes - start));
    const values = toFloat32(bytes, dtype);
    requireFinite(name, values, start / FLOAT_BYTES[dtype]);
    return values;
  };
  if (sizeBytes <= CHUNK_BYTES) return readChunk(0);
  const values = allocate(info, sizeBytes / FLOAT_BYTES[dtype]);
  for (let start = 0; start < sizeBytes; start += CHUNK_BYTES) {
    values.set(await readChunk(start), start / FLOAT_BYTES[dtype]);
  }
  return values;
};

const allocate = ({ name, shape }: TensorInfo, elements: number): Float32Array => {
  try {
    return new Float32Array(elements);
  } catch (cause) {
    throw new SulcusError(
      'CHECKPOINT_INVALID',
      `expected a tensor that fits into memory for ${name}, received shape [${shape.join(', ')}]`,
      { cause },
    );
  }
};

const requireFinite = (name: string, values: Float32Array, start: number): void => {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value - value !== 0) {
      throw new SulcusError(
        'CHECKPOINT_INVALID',
        `expected finite values for tensor ${name}, received ${value} at ${start + i}`,
      );
    }
  }
};
