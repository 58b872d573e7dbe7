import { SulcusError } from '../core/errors';
import { type FileEntry, totalBytes } from './file-tree';

/** Lambda's limit on a zip function and its layers together, unzipped: 250 MB, which it counts as 262,144,000 bytes. */
export const LAMBDA_UNZIPPED_BYTES = 262_144_000;

/**
 * Measured at 67.1 MB: ONNX Runtime 46.2, libvips 19, JavaScript 2. Above 80 MB another platform's binaries or a GPU
 * provider came along.
 */
export const NATIVE_RUNTIME_CEILING_BYTES = 80_000_000;

export interface Part {
  readonly name: string;
  readonly files: readonly FileEntry[];
}

/** Megabytes of a million bytes, two decimals. */
export const inMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** @throws CONFIG_INVALID naming the part, its size, the ceiling and why there is one */
export const assertCeiling = ({ name, files }: Part, ceilingBytes: number, reason: string): void => {
  const sizeBytes = totalBytes(files);
  if (sizeBytes <= ceilingBytes) return;
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected at most ${inMegabytes(ceilingBytes)} for ${name} (${reason}), received ${inMegabytes(sizeBytes)}`,
    { details: { sizeBytes, ceilingBytes } },
  );
};

/** Unzipped bytes of a function and its layers, which is what Lambda limits. */
export const fitsLambda = (parts: readonly Pick<Part, 'files'>[]): boolean =>
  parts.reduce((sum, { files }) => sum + totalBytes(files), 0) <= LAMBDA_UNZIPPED_BYTES;

/**
 * Lambda refuses a zip function whose unzipped code and layers exceed its limit, but only when deploying; this says so
 * before.
 * @throws CONFIG_INVALID with the size of each part
 */
export const assertFitsLambda = (functionPart: Part, layers: readonly Part[]): void => {
  const parts = [functionPart, ...layers];
  if (fitsLambda(parts)) return;
  const sizeBytes = parts.reduce((sum, part) => sum + totalBytes(part.files), 0);
  const list = parts.map((part) => `${part.name} ${inMegabytes(totalBytes(part.files))}`).join(' + ');
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected at most ${inMegabytes(LAMBDA_UNZIPPED_BYTES)} (${LAMBDA_UNZIPPED_BYTES} bytes) unzipped for a function and ` +
      `its layers, which is Lambda's limit, received ${inMegabytes(sizeBytes)}: ${list}. ` +
      'Use -c packaging=image (one image, no such limit), or compile a smaller model: int8 takes a quarter of fp32.',
    { details: { sizeBytes, ceilingBytes: LAMBDA_UNZIPPED_BYTES } },
  );
};
