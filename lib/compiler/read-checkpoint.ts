import { encodeJson } from '../core/bundle-files';
import type { CheckpointSource } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import { type ImageProcessorConfig, inputSize, parseImageProcessor } from '../core/image-processor';
import { type ImageSize, parseVitConfig, type VitConfig } from './architectures/vit/config';
import { parseJson, readSmallFile } from './read-json';
import { resizeProcessor } from './resize-processor';

export const CONFIG_FILE = 'config.json';
export const PROCESSOR_FILE = 'preprocessor_config.json';

/** What a checkpoint says beside its weights, for the size compiled for. */
export interface CheckpointConfigs {
  readonly config: VitConfig;
  readonly processor: ImageProcessorConfig;
  /** The two files as the bundle has them: as they were, unless they were of another size. */
  readonly configBytes: Uint8Array;
  readonly processorBytes: Uint8Array;
}

/**
 * Reads both configs of a checkpoint.
 * @param imageSize size to compile for instead of the checkpoint's own: both files then say this one, and the resize before
 * a centre crop keeps its proportion to the crop
 * @throws CHECKPOINT_INVALID, ARCHITECTURE_UNSUPPORTED, CONFIG_INVALID for an impossible `imageSize`
 */
export const readConfigs = async (source: CheckpointSource, imageSize?: ImageSize): Promise<CheckpointConfigs> => {
  const configBytes = await readSmallFile(source, CONFIG_FILE);
  const configJson = parseJson(configBytes, CONFIG_FILE);
  const own = parseVitConfig(configJson);
  const processorBytes = await readSmallFile(source, PROCESSOR_FILE);
  const processorJson = parseJson(processorBytes, PROCESSOR_FILE);
  const processor = parseImageProcessor(processorJson, own.imageSize);
  requireSameSize(own.imageSize, inputSize(processor));
  if (imageSize === undefined || isSameSize(imageSize, own.imageSize)) {
    return { config: own, processor, configBytes, processorBytes };
  }
  const config = parseVitConfig(configJson, { imageSize });
  const { height, width } = imageSize;
  const resizedConfig = { ...(configJson as object), image_size: height === width ? height : [height, width] };
  const resizedProcessor = resizeProcessor(processorJson as Record<string, unknown>, processor, imageSize);
  const resized = parseImageProcessor(resizedProcessor, imageSize);
  // Without a crop, a resize that keeps the aspect ratio gives no oblong input.
  requireSameSize(imageSize, inputSize(resized));
  return {
    config,
    processor: resized,
    configBytes: encodeJson(resizedConfig),
    processorBytes: encodeJson(resizedProcessor),
  };
};

const isSameSize = (a: ImageSize, b: ImageSize): boolean => a.height === b.height && a.width === b.width;

/** transformers would refuse such an image when it runs the model. */
const requireSameSize = (expected: ImageSize, received: ImageSize): void => {
  if (isSameSize(expected, received)) return;
  throw new SulcusError(
    'CHECKPOINT_INVALID',
    `expected size ${expected.height} x ${expected.width} in ${PROCESSOR_FILE}, as image_size of ${CONFIG_FILE}, ` +
      `received ${received.height} x ${received.width}`,
  );
};
