import { SulcusError } from '../../../core/errors';

/** A progressive encoder writes about ten; each is a pass over the whole image, and 900 of 50 million pixels took 9 s. */
const MAX_SCANS = 100;

/** A large profile takes some hundred; libvips kept 2.9 GB of ten million empty ones. */
const MAX_SEGMENTS = 2000;

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** Markers without a length: stuffing, padding, restarts, start of image. */
const standsAlone = (marker: number): boolean =>
  marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8) || marker === 0xff;

/**
 * The JPEG as it is, once its segments up to the end of the image are counted.
 * @throws UNREADABLE_IMAGE for more segments or scans than an encoder writes
 */
export const requirePlainJpeg = (bytes: Uint8Array): Uint8Array => {
  let segments = 0;
  let scans = 0;
  let at = bytes.indexOf(0xff, 2);
  while (at !== -1 && segments <= MAX_SEGMENTS && scans <= MAX_SCANS) {
    const marker = bytes[at + 1];
    if (marker === undefined || marker === END_OF_IMAGE) break;
    if (standsAlone(marker)) {
      at = bytes.indexOf(0xff, at + (marker === 0xff ? 1 : 2));
      continue;
    }
    segments += 1;
    if (marker === START_OF_SCAN) scans += 1;
    const lengthBytes = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    at = bytes.indexOf(0xff, at + 2 + lengthBytes);
  }
  if (segments <= MAX_SEGMENTS && scans <= MAX_SCANS) return bytes;
  throw new SulcusError(
    'UNREADABLE_IMAGE',
    `expected at most ${MAX_SEGMENTS} segments and ${MAX_SCANS} scans in a JPEG file, received more`,
  );
};
