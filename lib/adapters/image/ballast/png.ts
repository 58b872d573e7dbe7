const chunkType = (name: string): number => Buffer.from(name, 'latin1').readUInt32BE();

/**
 * Text and colour profile: never asked for, and libpng inflates them up to a thousandfold and keeps every one: 900 chunks
 * in 6 MB took 4.7 GB.
 */
const BALLAST: ReadonlySet<number> = new Set(['tEXt', 'zTXt', 'iTXt', 'iCCP'].map(chunkType));

/** An XMP packet that is not compressed (keyword, compression flag 0) may hold the orientation. */
const PLAIN_XMP = Buffer.from('iTXtXML:com.adobe.xmp\0\0', 'latin1');
const XMP_BYTES = 64 * 1024;

const SIGNATURE_BYTES = 8;

const isNeeded = (bytes: Uint8Array, view: DataView, start: number, end: number): boolean =>
  !BALLAST.has(view.getUint32(start + 4)) ||
  (end - start <= XMP_BYTES && PLAIN_XMP.every((byte, index) => bytes[start + 4 + index] === byte));

/** Calls back for every chunk, length and checksum included; a chunk that outlasts the file ends with it. */
const eachChunk = (bytes: Uint8Array, visit: (needed: boolean, start: number, end: number) => void): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = SIGNATURE_BYTES;
  while (start + 12 <= bytes.length) {
    const end = Math.min(start + 12 + view.getUint32(start), bytes.length);
    visit(isNeeded(bytes, view, start, end), start, end);
    start = end;
  }
};

/** The PNG without text and colour profile; as it is when it has none. */
export const withoutPngText = (bytes: Uint8Array): Uint8Array => {
  let ballastBytes = 0;
  eachChunk(bytes, (needed, start, end) => {
    if (!needed) ballastBytes += end - start;
  });
  if (ballastBytes === 0) return bytes;
  const kept = new Uint8Array(bytes.length - ballastBytes);
  kept.set(bytes.subarray(0, SIGNATURE_BYTES));
  let to = SIGNATURE_BYTES;
  eachChunk(bytes, (needed, start, end) => {
    if (!needed) return;
    kept.set(bytes.subarray(start, end), to);
    to += end - start;
  });
  return kept.subarray(0, to);
};
