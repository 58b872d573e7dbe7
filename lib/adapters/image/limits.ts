import type { Metadata } from 'sharp';
import { SulcusError } from '../../core/errors';
import type { ImageFormat } from './sniff-format';

/** JPEG's own limit. It keeps resize tables and rows small for images that are all length and no breadth. */
const MAX_SIDE = 65_535;

/**
 * What decoding a pixel takes of the budget. Measured on 50 million pixels, libvips holds 3 to 8 bytes a pixel; 9 to 11
 * for interlaced 16-bit PNG, whose samples it keeps whole, and 15 for AVIF.
 */
const pixelCost = (format: ImageFormat, { isProgressive, depth }: Metadata): number =>
  format === 'AVIF' || (format === 'PNG' && isProgressive && depth === 'ushort') ? 2 : 1;

/**
 * The share of the pixel budget that an image takes.
 * @throws IMAGE_TOO_LARGE over the limit of pixels, which costly formats reach sooner, or of one side
 */
export const requireShare = (format: ImageFormat, metadata: Metadata, maxPixels: number): number => {
  const { width, height } = metadata;
  const cost = pixelCost(format, metadata);
  const limit = Math.floor(maxPixels / cost);
  if (width <= MAX_SIDE && height <= MAX_SIDE && width * height <= limit) return width * height * cost;
  const kind = cost === 1 ? format : `${metadata.isProgressive ? 'interlaced 16-bit ' : ''}${format}`;
  throw new SulcusError(
    'IMAGE_TOO_LARGE',
    `expected at most ${limit} pixels and ${MAX_SIDE} a side for an image in ${kind}, received ${width} x ${height} = ${width * height}`,
  );
};
