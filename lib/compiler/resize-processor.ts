import type { ImageProcessorConfig } from '../core/image-processor';
import type { ImageSize } from './architectures/vit/config';

type ProcessorFile = Readonly<Record<string, unknown>>;

/**
 * A `preprocessor_config.json` for another size of the model's input. Without a crop images are resized to that size; with
 * one it is the crop, and what it is cut from grows or shrinks by the same factor.
 * @param processor what `file` says
 */
export const resizeProcessor = (
  file: ProcessorFile,
  { size, resize, centerCrop }: Pick<ImageProcessorConfig, 'size' | 'resize' | 'centerCrop'>,
  { height, width }: ImageSize,
): ProcessorFile => {
  const cropped = centerCrop ? { ...file, crop_size: { height, width } } : file;
  if (resize === null) return cropped;
  const scale = { height: height / size.height, width: width / size.width };
  if (resize.kind === 'exact') {
    return {
      ...cropped,
      size: { height: Math.round(resize.height * scale.height), width: Math.round(resize.width * scale.width) },
    };
  }
  // A shortest edge that must still cover the crop, whatever the crop's shape has become.
  const factor = Math.max(scale.height, scale.width);
  return {
    ...cropped,
    size: {
      shortest_edge: Math.round(resize.edge * factor),
      ...(resize.longest === null ? {} : { longest_edge: Math.round(resize.longest * factor) }),
    },
  };
};
