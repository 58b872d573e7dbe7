import type { CheckpointFile } from '../../../lib/core/compiler-ports';
import { sha256Hex } from '../../../lib/core/scan-ids';
import { frameSafetensors } from '../../support/tiny-vit';

export interface RecordedFile extends CheckpointFile {
  /** Every range that was asked for, as [offset, length]. */
  readonly reads: readonly (readonly [number, number])[];
}

/** Bytes as a checkpoint's file; a read that leaves the file fails the test that made it. */
export const fileOf = (bytes: Uint8Array): RecordedFile => {
  const reads: [number, number][] = [];
  return {
    reads,
    sizeBytes: bytes.length,
    read: async (offset, length) => {
      reads.push([offset, length]);
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
        throw new RangeError(`expected a read within ${bytes.length} bytes, received ${length} at ${offset}`);
      }
      return bytes.slice(offset, offset + length);
    },
    sha256: () => sha256Hex(bytes),
    close: async () => {},
  };
};

/** A safetensors file whose header is this value and whose data are this many zeros. */
export const fileWith = (header: unknown, dataBytes = 0): Uint8Array =>
  frameSafetensors(typeof header === 'string' ? header : JSON.stringify(header), new Uint8Array(dataBytes));

/** One tensor's header entry. */
export const entry = (dtype: string, shape: readonly number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
