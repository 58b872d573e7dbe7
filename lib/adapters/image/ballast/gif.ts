const EXTENSION = 0x21;
const IMAGE = 0x2c;
const GRAPHIC_CONTROL = 0xf9;

/** Length of the colour table that a flags byte announces. */
const colourTableBytes = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

/** Where a run of sub-blocks ends, its terminator included. */
const skipSubBlocks = (bytes: Uint8Array, start: number): number => {
  let at = start;
  for (let size = bytes[at]; size !== undefined && size > 0; size = bytes[at]) at += size + 1;
  return at + 1;
};

/**
 * The GIF up to the end of its first frame (GIF89a, sections 18 to 23): libnsgif lists every frame of the rest, 100 bytes
 * each. And with no transparent colour, so that every pixel keeps its palette colour, as in Pillow; libvips would make
 * transparent ones black.
 */
export const firstGifFrame = (bytes: Uint8Array): Uint8Array => {
  const transparent: number[] = [];
  let at = 13 + colourTableBytes(bytes[10] ?? 0);
  while (bytes[at] === EXTENSION) {
    const flagsAt = at + 3;
    if (bytes[at + 1] === GRAPHIC_CONTROL && bytes[at + 2] === 4 && (bytes[flagsAt] ?? 0) & 1)
      transparent.push(flagsAt);
    at = skipSubBlocks(bytes, at + 2);
  }
  if (bytes[at] !== IMAGE) return bytes;
  const codesAt = at + 11 + colourTableBytes(bytes[at + 9] ?? 0);
  const frame = bytes.subarray(0, skipSubBlocks(bytes, codesAt));
  if (transparent.length === 0) return frame;
  const opaque = new Uint8Array(frame);
  for (const flagsAt of transparent) opaque[flagsAt] = (opaque[flagsAt] as number) & ~1;
  return opaque;
};
