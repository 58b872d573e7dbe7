/** Tag numbers and types of TIFF 6.0, as far as a grey, uncompressed image of one strip needs them. */
const SHORT = 3;
const LONG = 4;

export interface TiffClaims {
  readonly width?: number;
  readonly height?: number;
  readonly bitsPerSample?: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly sampleFormat?: number;
  readonly stripOffset?: number;
  readonly stripBytes?: number;
  readonly stripCount?: number;
  /** Where the next image's directory is said to be. */
  readonly next?: 'none' | 'itself';
}

/** A little-endian TIFF of 64 x 64 black pixels; each claim can be made to lie. */
export const tiffOf = (claims: TiffClaims = {}): Buffer => {
  const { width = 64, height = 64, bitsPerSample = 8, sampleFormat = 1, stripCount = 1, next = 'none' } = claims;
  const pixels = Buffer.alloc((64 * 64 * bitsPerSample) / 8);
  const stripBytes = claims.stripBytes ?? pixels.length;
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, bitsPerSample],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 1],
    [273, LONG, stripCount, claims.stripOffset ?? 8],
    [277, SHORT, 1, 1],
    [278, LONG, 1, height],
    [279, LONG, stripCount, stripBytes],
    [339, SHORT, 1, sampleFormat],
  ];
  const directoryAt = 8 + pixels.length;
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length);
  entries.forEach(([tag, type, count, value], index) => {
    const at = 2 + index * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(count, at + 4);
    directory.writeUInt32LE(value, at + 8);
  });
  directory.writeUInt32LE(next === 'itself' ? directoryAt : 0, directory.length - 4);
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(directoryAt, 4);
  return Buffer.concat([header, pixels, directory]);
};
