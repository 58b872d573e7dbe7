import { SulcusError } from '../core/errors';
import { parseImageProcessor } from '../core/image-processor';
import type { Size } from '../core/image-processor-size';

/**
 * A checkpoint's JSON files for another image size than its own, as a user of transformers would rewrite them. What the
 * model gives for the new size is for its config and the interpolated position embeddings to say; here only sizes change.
 */

type JsonObject = Readonly<Record<string, unknown>>;

/** `config.json` with `image_size`: one number for a square, else [height, width]. */
export const configForImageSize = (config: JsonObject, { height, width }: Size): JsonObject => ({
  ...config,
  image_size: height === width ? height : [height, width],
});

/**
 * `preprocessor_config.json` whose images come out at this size. What a crop leaves of the resized image stays the same
 * share: a resize to 256 before a crop of 224 becomes 439 before 384.
 * @throws what `parseImageProcessor` throws; CONFIG_INVALID for an oblong size where the aspect ratio is kept uncropped
 */
export const processorForImageSize = (processor: JsonObject, size: Size): JsonObject => {
  const own = parseImageProcessor(processor, size);
  const exact = { height: size.height, width: size.width };
  const crop = own.centerCrop ? { crop_size: exact } : {};
  const { resize } = own;
  if (resize === null) return { ...processor, ...(own.centerCrop ? crop : { size: exact }) };
  if (resize.kind === 'exact') {
    const scaled = {
      height: Math.round((resize.height / own.size.height) * size.height),
      width: Math.round((resize.width / own.size.width) * size.width),
    };
    return { ...processor, ...crop, size: scaled };
  }
  if (!own.centerCrop && size.height !== size.width) {
    throw new SulcusError(
      'CONFIG_INVALID',
      'expected a square image size for a preprocessor_config.json that resizes the shortest edge and does not crop, ' +
        `received ${size.height} x ${size.width}`,
    );
  }
  const scale = Math.max(size.height, size.width) / Math.max(own.size.height, own.size.width);
  const edges = {
    shortest_edge: Math.round(resize.edge * scale),
    ...(resize.longest === null ? {} : { longest_edge: Math.round(resize.longest * scale) }),
  };
  return { ...processor, ...crop, size: edges };
};
