const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;

/** Offsets of the flags of the graphic control extensions before the first frame (GIF89a, section 23). */
const graphicControlFlags = (bytes: Uint8Array): number[] => {
  const found: number[] = [];
  const screenFlags = bytes[10] ?? 0;
  let at = 13 + (screenFlags & 0x80 ? 3 << ((screenFlags & 7) + 1) : 0);
  while (bytes[at] === EXTENSION) {
    if (bytes[at + 1] === GRAPHIC_CONTROL && bytes[at + 2] === 4) found.push(at + 3);
    at += 2;
    for (let size = bytes[at]; size !== undefined && size > 0; size = bytes[at]) at += size + 1;
    at += 1;
  }
  return found;
};

/**
 * The GIF with no transparent colour in its first frame, so that the decoder leaves every pixel its palette colour, as
 * Pillow does; libvips has black there. The same bytes when there is nothing to change, else a copy.
 */
export const withoutTransparency = (bytes: Uint8Array): Uint8Array => {
  const transparent = graphicControlFlags(bytes).filter((at) => ((bytes[at] ?? 0) & 1) === 1);
  if (transparent.length === 0) return bytes;
  const opaque = bytes.slice();
  for (const at of transparent) opaque[at] = (opaque[at] as number) & ~1;
  return opaque;
};
