import type { ImageFormat } from '../sniff-format';
import { firstGifFrame } from './gif';
import { requirePlainJpeg } from './jpeg';
import { withoutPngText } from './png';
import { firstTiffPage } from './tiff';
import { firstWebpFrame } from './webp';

const same = (bytes: Uint8Array): Uint8Array => bytes;

const LIGHTEN: Readonly<Record<ImageFormat, (bytes: Uint8Array) => Uint8Array>> = {
  PNG: withoutPngText,
  JPEG: requirePlainJpeg,
  TIFF: firstTiffPage,
  WebP: firstWebpFrame,
  GIF: firstGifFrame,
  // libheif bounds its boxes, items and memory itself.
  AVIF: same,
};

/**
 * The file without what its first frame does not need. libvips reads all of a header before anyone can ask the size, and
 * some libraries under it take quadratic time or gigabytes for metadata of a few megabytes: each walk here says which.
 * Every walk is linear and trusts nothing; what it cannot follow it hands over as it is, for libvips to refuse.
 * @returns the same bytes where there is nothing to leave out, else a view or a copy; the input is never written to
 * @throws UNREADABLE_IMAGE for a JPEG of more segments or scans than any encoder writes
 */
export const withoutBallast = (format: ImageFormat, bytes: Uint8Array): Uint8Array => LIGHTEN[format](bytes);
