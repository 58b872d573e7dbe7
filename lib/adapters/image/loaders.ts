import sharp from 'sharp';
import { type ImageFormat, imageFormats } from './sniff-format';

/** libvips's loader of each format, from memory, and sharp's name for what its prebuilt binary can read. */
const LOADERS: Readonly<Record<ImageFormat, { readonly operation: string; readonly id: keyof typeof sharp.format }>> = {
  PNG: { operation: 'VipsForeignLoadPngBuffer', id: 'png' },
  JPEG: { operation: 'VipsForeignLoadJpegBuffer', id: 'jpeg' },
  TIFF: { operation: 'VipsForeignLoadTiffBuffer', id: 'tiff' },
  WebP: { operation: 'VipsForeignLoadWebpBuffer', id: 'webp' },
  GIF: { operation: 'VipsForeignLoadNsgifBuffer', id: 'gif' },
  AVIF: { operation: 'VipsForeignLoadHeifBuffer', id: 'heif' },
};

/** The formats that this machine's libvips decodes. */
export const SUPPORTED_FORMATS: readonly ImageFormat[] = imageFormats.filter(
  (format) => sharp.format[LOADERS[format].id]?.input.buffer === true,
);

/**
 * The process's libvips reads these formats from memory and nothing else: no SVG or PDF, which follow references, and
 * nothing by path. No cache, since no scan comes twice; one thread a decode, since these decoders are sequential and a
 * function has one or two CPUs, which the model wants.
 */
export const restrictSharp = (): void => {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: SUPPORTED_FORMATS.map((format) => LOADERS[format].operation) });
};
