import type { Timings } from './contract';
import { imageToPixels } from './image-processor';
import type { ModelOutput, OutputValues } from './model-outputs';
import type { ClassifierModel, ImageDecoder } from './ports';

export interface RunModelDeps {
  readonly decoder: ImageDecoder;
  /** Opens the model at first use and keeps it; a failed opening is not kept. */
  readonly model: () => Promise<ClassifierModel>;
}

export interface ModelRun<Name extends ModelOutput> {
  readonly values: OutputValues<Name>;
  /** What the network was given. */
  readonly pixels: Uint8Array;
  readonly timings: Timings;
}

/**
 * One image file in, what is wanted of the model out: decode, resize, one forward pass.
 * @throws UNSUPPORTED_IMAGE, IMAGE_TOO_LARGE, UNREADABLE_IMAGE for the file; INFERENCE_FAILED
 */
export const runModel = async <Name extends ModelOutput>(
  decoder: ImageDecoder,
  model: ClassifierModel,
  bytes: Uint8Array,
  wanted: readonly Name[],
): Promise<ModelRun<Name>> => {
  const start = performance.now();
  const image = await decoder.decode(bytes);
  const decoded = performance.now();
  let pixels: Uint8Array;
  try {
    pixels = imageToPixels(image, model.imageProcessor);
  } finally {
    image.dispose();
  }
  const preprocessed = performance.now();
  const values = await model.run({ pixels }, wanted);
  const done = performance.now();
  return {
    values,
    pixels,
    timings: {
      decodeMs: decoded - start,
      preprocessMs: preprocessed - decoded,
      inferenceMs: done - preprocessed,
      totalMs: performance.now() - start,
    },
  };
};
