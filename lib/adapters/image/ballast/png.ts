/** Chunks that libpng inflates, up to a thousandfold, and keeps: 900 in 6 MB took 4.7 GB. */
const INFLATED = ['zTXt', 'iTXt', 'iCCP'];

/** More than any profile or XMP packet that an orientation is read from; inflated at most 70 MB. */
const KEPT_BYTES = 64 * 1024;

const SIGNATURE_BYTES = 8;

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const listChunks = (bytes: Uint8Array): Chunk[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let start = SIGNATURE_BYTES;
  while (start + 12 <= bytes.length) {
    const end = Math.min(start + 12 + view.getUint32(start), bytes.length);
    chunks.push({ type: String.fromCharCode(...bytes.subarray(start + 4, start + 8)), start, end });
    start = end;
  }
  return chunks;
};

/** The PNG as it is, or without its compressed text and profile when there is much of it. */
export const withoutPngText = (bytes: Uint8Array): Uint8Array => {
  const chunks = listChunks(bytes);
  const inflated = chunks.filter(({ type }) => INFLATED.includes(type));
  const sizeBytes = inflated.reduce((sum, { start, end }) => sum + end - start, 0);
  if (sizeBytes <= KEPT_BYTES) return bytes;
  const kept = chunks
    .filter(({ type }) => !INFLATED.includes(type))
    .map(({ start, end }) => bytes.subarray(start, end));
  return Buffer.concat([bytes.subarray(0, SIGNATURE_BYTES), ...kept]);
};
