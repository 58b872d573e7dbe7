import sharp, { type Metadata } from 'sharp';
import { SulcusError } from '../../core/errors';
import type { DecodedImage, ImageDecoder } from '../../core/ports';
import { LIMITS } from '../../topology';
import { withoutBallast } from './ballast';
import { settleWithin } from './deadline';
import { freeNow } from './free-now';
import { requireShare } from './limits';
import { restrictSharp, SUPPORTED_FORMATS } from './loaders';
import { createPixelBudget, type Release } from './pixel-budget';
import { type DecodeLimits, decodeFrame, type Raster, readOrientation, requireLayout, turnUpright } from './pixels';
import { type ImageFormat, sniffFormat } from './sniff-format';

export interface ImageDecoderOptions {
  /** Width times height that is still decoded; AVIF and interlaced 16-bit PNG count twice. @default LIMITS.imagePixels */
  readonly maxPixels?: number;
  /** Pixels decoded and not yet disposed of at one time, over all calls. @default maxPixels */
  readonly pixelBudget?: number;
  /** Of decoding alone; waiting for the budget does not count. @default 8 */
  readonly timeoutSeconds?: number;
}

const requireFormat = (bytes: Uint8Array): ImageFormat => {
  if (bytes.length === 0) throw new SulcusError('UNREADABLE_IMAGE', 'expected an image file, received an empty one');
  const sniffed = sniffFormat(bytes);
  if ('format' in sniffed && SUPPORTED_FORMATS.includes(sniffed.format)) return sniffed.format;
  const formats = SUPPORTED_FORMATS.join(', ').replace(/, (?=[^,]*$)/, ' or ');
  const received = 'format' in sniffed ? `${sniffed.format}, which this build cannot read` : sniffed.received;
  throw new SulcusError('UNSUPPORTED_IMAGE', `expected ${formats} for the image, received ${received}`);
};

const unreadable = (format: ImageFormat, within: string, cause: unknown): SulcusError =>
  new SulcusError(
    'UNREADABLE_IMAGE',
    `expected a whole ${format} file${within}, received one that is truncated, corrupt or of a rare encoding`,
    { cause },
  );

/** The header only, of whatever size the image claims to be: that is judged afterwards, with the numbers at hand. */
const readMetadata = async (bytes: Uint8Array, format: ImageFormat): Promise<Metadata> => {
  try {
    return await sharp(bytes, { failOn: 'warning', limitInputPixels: false, pages: 1 }).metadata();
  } catch (cause) {
    throw unreadable(format, '', cause);
  }
};

const decodePixels = async (
  bytes: Uint8Array,
  format: ImageFormat,
  metadata: Metadata,
  limits: DecodeLimits,
): Promise<Raster> => {
  const layout = requireLayout(metadata);
  try {
    return await turnUpright(await decodeFrame(bytes, layout, limits), readOrientation(metadata), limits);
  } catch (cause) {
    throw unreadable(format, ` that decodes within ${limits.timeoutSeconds} s`, cause);
  }
};

/** Lets go of the pixels with `dispose`, so that a caller who keeps the image keeps no memory. */
const toDecodedImage = ({ pixels, width, height, channels }: Raster, release: Release): DecodedImage => {
  let held: Uint8Array | undefined = pixels;
  return {
    get pixels() {
      return held ?? new Uint8Array();
    },
    width,
    height,
    channels,
    dispose: () => {
      if (held !== undefined) freeNow(held);
      held = undefined;
      release();
    },
  };
};

/**
 * The ImageDecoder port on sharp, which it restricts for the whole process to the formats it reads. Formats are told by
 * magic bytes, sizes checked before a pixel is decoded, failures classified by the call that failed, and no message
 * repeats what is in the file. Differs from Pillow where libvips leaves no choice: around a GIF frame smaller than its
 * canvas there is black, and colour AVIF has its chroma interpolated otherwise.
 */
export const createImageDecoder = (options: ImageDecoderOptions = {}): ImageDecoder => {
  const limits: DecodeLimits = {
    maxPixels: options.maxPixels ?? LIMITS.imagePixels,
    timeoutSeconds: options.timeoutSeconds ?? 8,
  };
  const budget = createPixelBudget(options.pixelBudget ?? limits.maxPixels);
  restrictSharp();
  const late = (format: ImageFormat) => () =>
    new SulcusError(
      'UNREADABLE_IMAGE',
      `expected a ${format} file that decodes within ${limits.timeoutSeconds} s, received one that takes longer`,
    );
  return {
    decode: async (file) => {
      const format = requireFormat(file);
      const bytes = withoutBallast(format, file);
      const metadata = await settleWithin(readMetadata(bytes, format), limits.timeoutSeconds, late(format));
      const release = await budget.acquire(requireShare(format, metadata, limits.maxPixels));
      const work = decodePixels(bytes, format, metadata, limits);
      try {
        return toDecodedImage(await settleWithin(work, limits.timeoutSeconds, late(format)), release);
      } catch (error) {
        // A decode that is only late still holds memory, so its share comes back when it ends.
        work.then(({ pixels }) => freeNow(pixels)).then(release, release);
        throw error;
      }
    },
  };
};
