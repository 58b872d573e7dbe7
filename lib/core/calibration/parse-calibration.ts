import { SulcusError } from '../errors';
import type { ModelManifest } from '../model-manifest';
import { type Calibration, type CalibrationFile, calibrationFileSchema } from './calibration-schema';
import { type GateStatistics, THUMBNAIL_SIDE } from './input-gate';
import { decodeSpace } from './normal-space';

export interface ParsedCalibration {
  readonly calibration: Calibration;
  readonly gate: GateStatistics | null;
}

/** Two megabytes: twice what the largest model's statistics take. */
const LONGEST_TEXT = 2_000_000;

/**
 * Reads a bundle's calibration file and holds it to the manifest, whose digest covers the file and not itself: the same
 * figures, for these labels and features.
 * @throws MODEL_UNAVAILABLE saying what does not fit
 */
export const parseCalibration = (text: string, manifest: ModelManifest): ParsedCalibration => {
  const parsed = readCalibration(text);
  if (JSON.stringify(parsed.calibration) !== JSON.stringify(manifest.calibration)) {
    throw unavailable("the manifest's calibration in the calibration file, received another");
  }
  requireFitting(parsed, manifest);
  return { calibration: parsed.calibration, gate: decodeStatistics(parsed, manifest) };
};

/** @throws MODEL_UNAVAILABLE when the text is no calibration */
export const readCalibration = (text: string): CalibrationFile => {
  if (text.length > LONGEST_TEXT) throw unavailable(`a calibration of at most ${LONGEST_TEXT} bytes, received more`);
  try {
    return calibrationFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unavailable('a calibration, received something else', cause);
  }
};

/** @throws MODEL_UNAVAILABLE for a bias or labels of another model */
export const requireFitting = ({ calibration }: CalibrationFile, { labels }: Pick<ModelManifest, 'labels'>): void => {
  const fitted = Object.keys(calibration.fit.perLabel);
  if (calibration.bias !== null && calibration.bias.length !== labels.length) {
    throw unavailable(`a bias for each of ${labels.length} labels, received ${calibration.bias.length}`);
  }
  if (fitted.every((label) => labels.includes(label))) return;
  throw unavailable(`a calibration for the labels ${labels.join(', ')}, received one for ${fitted.join(', ')}`);
};

export const decodeStatistics = (
  { calibration, statistics }: CalibrationFile,
  { architecture, graph }: ModelManifest,
): GateStatistics | null => {
  if ((calibration.gate === null) !== (statistics === null)) {
    throw unavailable('statistics if and only if there is a gate');
  }
  if (statistics === null) return null;
  const features = decodeSpace(statistics.features);
  const pixels = decodeSpace(statistics.pixels);
  if (graph.outputs.features === null) throw unavailable('a graph with features for the gate, received none');
  const fits = features?.mean.length === architecture.hiddenSize && pixels?.mean.length === THUMBNAIL_SIDE ** 2;
  if (features !== undefined && pixels !== undefined && fits) return { features, pixels };
  throw unavailable(`finite statistics of ${architecture.hiddenSize} features and ${THUMBNAIL_SIDE ** 2} cells`);
};

const unavailable = (expected: string, cause?: unknown): SulcusError =>
  new SulcusError('MODEL_UNAVAILABLE', `expected ${expected}`, { cause });
