import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleDigest } from '../../core/bundle-files';
import { CALIBRATION_FILE } from '../../core/calibration/calibration-schema';
import type { GateStatistics } from '../../core/calibration/input-gate';
import { parseCalibration } from '../../core/calibration/parse-calibration';
import { SulcusError, toSulcusError } from '../../core/errors';
import { type ImageProcessorConfig, inputSize, parseImageProcessor } from '../../core/image-processor';
import { type BundleFile, MANIFEST_FILE, type ModelManifest, modelManifestSchema } from '../../core/model-manifest';

export interface Bundle {
  readonly manifest: ModelManifest;
  readonly imageProcessor: ImageProcessorConfig;
  readonly graphPath: string;
  readonly gate: GateStatistics | null;
}

const PROCESSOR_FILE = 'preprocessor_config.json';

const unavailable = (message: string, cause?: unknown): SulcusError =>
  new SulcusError('MODEL_UNAVAILABLE', message, { cause });

/**
 * Reads a bundle's manifest and image processor and checks that the files are those it lists: by size, and by SHA-256
 * with `verify` (0.3 s for 87 MB, so not at every cold start).
 * @throws MODEL_UNAVAILABLE saying what was expected and received
 */
export const openBundle = async (folder: string, verify: boolean): Promise<Bundle> => {
  const manifest = parseManifest(await readBundleFile(folder, MANIFEST_FILE));
  const digest = await bundleDigest(manifest.files);
  if (digest !== manifest.digest) {
    throw unavailable(`expected digest ${digest} for the files of the manifest, received ${manifest.digest}`);
  }
  const has = (path: string): boolean => manifest.files.some((file) => file.path === path);
  const calibration = manifest.calibration === null ? [] : [CALIBRATION_FILE];
  for (const path of [manifest.graph.file, PROCESSOR_FILE, ...calibration]) {
    if (!has(path)) throw unavailable(`expected ${path} among the files of the manifest, received none`);
  }
  // The digest does not cover the manifest: without this, one bundle could score in two ways.
  if (manifest.calibration === null && has(CALIBRATION_FILE)) {
    throw unavailable(`expected the calibration of ${CALIBRATION_FILE} in the manifest, received none`);
  }
  for (const file of manifest.files) await checkFile(folder, file, verify);
  return {
    manifest,
    imageProcessor: parseProcessor(await readBundleFile(folder, PROCESSOR_FILE), manifest),
    graphPath: join(folder, manifest.graph.file),
    gate: await readGate(folder, manifest),
  };
};

const readBundleFile = async (folder: string, path: string): Promise<string> => {
  try {
    return await readFile(join(folder, path), 'utf8');
  } catch (cause) {
    throw unavailable(`expected a readable ${path} in the model bundle, received none`, cause);
  }
};

const parseManifest = (text: string): ModelManifest => {
  try {
    return modelManifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unavailable(`expected a manifest of a model bundle for ${MANIFEST_FILE}, received something else`, cause);
  }
};

const parseProcessor = (text: string, { imageSize }: ModelManifest): ImageProcessorConfig => {
  let processor: ImageProcessorConfig;
  try {
    processor = parseImageProcessor(JSON.parse(text), imageSize);
  } catch (cause) {
    throw unavailable(`expected an image processor for ${PROCESSOR_FILE}, received something else`, cause);
  }
  const { height, width } = inputSize(processor);
  if (height === imageSize.height && width === imageSize.width) return processor;
  throw unavailable(
    `expected size ${imageSize.height} x ${imageSize.width} in ${PROCESSOR_FILE}, received ${height} x ${width}`,
  );
};

const readGate = async (folder: string, manifest: ModelManifest): Promise<GateStatistics | null> => {
  if (manifest.calibration === null) return null;
  try {
    return parseCalibration(await readBundleFile(folder, CALIBRATION_FILE), manifest).gate;
  } catch (cause) {
    throw toSulcusError(cause, 'MODEL_UNAVAILABLE', `expected the manifest's calibration for ${CALIBRATION_FILE}`);
  }
};

const checkFile = async (folder: string, { path, sizeBytes, sha256 }: BundleFile, verify: boolean): Promise<void> => {
  const received = await sizeOf(join(folder, path), path);
  if (received !== sizeBytes) throw unavailable(`expected ${sizeBytes} bytes for ${path}, received ${received}`);
  if (!verify) return;
  const hash = await hashFile(join(folder, path), path);
  if (hash !== sha256) throw unavailable(`expected SHA-256 ${sha256} for ${path}, received ${hash}`);
};

const sizeOf = async (file: string, path: string): Promise<number> => {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw unavailable(`expected ${path} in the model bundle, received none`, cause);
  }
};

const hashFile = async (file: string, path: string): Promise<string> => {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw unavailable(`expected a readable ${path} in the model bundle, received a failing disk`, cause);
  }
  return hash.digest('hex');
};
