import { createImageDecoder } from '../../adapters/image';
import type { GateScan } from '../../core/calibration/fit-gate';
import { toThumbnail } from '../../core/calibration/input-gate';
import { isSulcusError, SulcusError } from '../../core/errors';
import type { ClassifierModel } from '../../core/ports';
import { runModel } from '../../core/run-model';
import { type LabelledScan, listScans } from '../dataset/labelled-scans';
import type { Output } from '../output';
import { inOrder, readScan } from '../scan-files';

/** What the model makes of one scan. */
export interface RunScan {
  readonly logits: readonly number[];
  /** Null when the model gives no features. */
  readonly gate: GateScan | null;
}

/**
 * Runs the model on labelled scans, in their order, by the path that serves them.
 * @throws INVALID_REQUEST naming the first scan that cannot be read: a calibration leaves nothing out in silence
 */
export const runScans = async (
  model: ClassifierModel,
  scans: readonly LabelledScan[],
  output: Output,
): Promise<RunScan[]> => {
  const decoder = createImageDecoder();
  const hasFeatures = model.manifest.graph.outputs.features !== null;
  const bar = output.progress(scans.length);
  const done: RunScan[] = [];
  const run = async (scan: LabelledScan): Promise<RunScan> => {
    const outputs = hasFeatures ? (['logits', 'features'] as const) : (['logits'] as const);
    const { values, pixels } = await runModel<'logits' | 'features'>(
      decoder,
      model,
      await readScan(scan.file),
      outputs,
    );
    const thumbnail = toThumbnail(pixels, model.manifest.imageSize);
    return { logits: [...values.logits], gate: hasFeatures ? { features: values.features, thumbnail } : null };
  };
  for await (const each of inOrder(scans, (scan) => run(scan).catch((error: unknown) => nameScan(scan, error)))) {
    bar.advance();
    done.push(each);
  }
  bar.stop();
  return done;
};

/** @throws INVALID_REQUEST naming the scan where the failure is the file's, else the failure itself */
export const nameScan = (scan: LabelledScan, error: unknown): never => {
  if (!isSulcusError(error) || error.retryable) throw error;
  const reason = `${error.code}: ${error.message}`;
  throw new SulcusError('INVALID_REQUEST', `expected readable scans, received ${listScans([scan])} (${reason})`, {
    cause: error,
  });
};
