import { createImageDecoder } from '../../adapters/image';
import type { ClassifierModel } from '../../core/ports';
import { runModel } from '../../core/run-model';
import { nameScan } from '../calibration/run-scans';
import type { LabelledScan } from '../dataset/labelled-scans';
import type { Output } from '../output';
import { inOrder, readScan } from '../scan-files';

export interface ExtractedSet {
  /** Of each scan, in order: the [CLS] token after the final norm, which is what a classifier takes. */
  readonly features: readonly Float32Array[];
  /** What the network was given of some of them, spread over the set. */
  readonly samples: readonly Uint8Array[];
}

/**
 * Features of labelled scans, by the path that serves them.
 * @param sampleCount how many scans' pixels are kept
 * @throws INVALID_REQUEST naming the first scan that cannot be read
 */
export const extractSet = async (
  model: ClassifierModel,
  scans: readonly LabelledScan[],
  sampleCount: number,
  output: Output,
): Promise<ExtractedSet> => {
  const decoder = createImageDecoder();
  const bar = output.progress(scans.length);
  const extract = async (scan: LabelledScan) =>
    runModel(decoder, model, await readScan(scan.file), ['features']).catch((error: unknown) => nameScan(scan, error));
  const kept = new Set(Array.from({ length: sampleCount }, (_, sample) => spread(sample, sampleCount, scans.length)));
  const [features, samples] = [[] as Float32Array[], [] as Uint8Array[]];
  try {
    for await (const { values, pixels } of inOrder(scans, extract)) {
      if (kept.has(features.length)) samples.push(pixels);
      features.push(values.features);
      bar.advance();
    }
  } finally {
    bar.stop();
  }
  return { features, samples };
};

const spread = (sample: number, of: number, count: number): number => Math.floor((sample * count) / of);
