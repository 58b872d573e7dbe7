import { createBundleFolder, openCheckpointFolder } from '../../adapters/checkpoint-folder';
import { openBundle } from '../../adapters/onnx';
import { bundleDigest, copyFile, encodeJson, writeFile } from '../../core/bundle-files';
import {
  CALIBRATION_FILE,
  type CalibrationFile,
  calibrationFileSchema,
} from '../../core/calibration/calibration-schema';
import { decodeStatistics, requireFitting } from '../../core/calibration/parse-calibration';
import { SulcusError } from '../../core/errors';
import { type BundleFile, MANIFEST_FILE, type ModelManifest } from '../../core/model-manifest';

export interface FittedFile {
  readonly file: CalibrationFile;
  /** Digest of the bundle that gave the features; null for a calibration that came as a file. */
  readonly fittedOn: string | null;
}

/**
 * Writes the bundle with this calibration in place of the one it has: all other files as they are, byte for byte, and a
 * digest that covers the new one. `out` may be the bundle itself; on a failure nothing has changed.
 * @returns the manifest that was written
 * @throws MODEL_UNAVAILABLE for a bundle that is damaged or that the calibration is not of, CONFIG_INVALID for `out`
 */
export const writeCalibrated = async (
  folder: string,
  out: string,
  { file, fittedOn }: FittedFile,
): Promise<ModelManifest> => {
  const { manifest } = await openBundle(folder, true);
  if (fittedOn !== null && fittedOn !== manifest.digest) {
    throw new SulcusError(
      'MODEL_UNAVAILABLE',
      `expected the bundle of digest ${fittedOn} that was fitted on, received ${manifest.digest}: it changed meanwhile`,
    );
  }
  requireFitting(file, manifest);
  decodeStatistics(file, manifest);
  // Keys in the schema's order, so that the same calibration is the same bytes wherever it comes from.
  const normal = calibrationFileSchema.parse(file);
  const source = await openCheckpointFolder(folder);
  const sink = await createBundleFolder(out);
  try {
    const kept = manifest.files.filter(({ path }) => path !== CALIBRATION_FILE);
    const files: BundleFile[] = [];
    for (const { path } of kept) files.push(await copyFile(source, sink, path));
    files.push(await writeFile(sink, CALIBRATION_FILE, encodeJson(normal)));
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const digest = await bundleDigest(files);
    const written = { ...manifest, digest, calibration: normal.calibration, files };
    await writeFile(sink, MANIFEST_FILE, encodeJson(written));
    await sink.commit();
    return written;
  } catch (error) {
    await sink.abort();
    throw error;
  }
};
