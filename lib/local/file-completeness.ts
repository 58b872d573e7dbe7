import { openObject } from '../adapters/folder';

const HEAD_BYTES = 12;
const TAIL_BYTES = 12;
const PNG_SIGNATURE = '89504e470d0a1a0a';
/** Length, type and CRC of the chunk that ends every PNG. */
const PNG_END = '0000000049454e44ae426082';

/**
 * True when the file ends as its own format says it must, so that it is no half of a copy: PNG's IEND, JPEG's EOI,
 * GIF's block terminator and trailer, the size in a RIFF header (WebP). False for other formats, and for files with
 * something after their end: those are taken when they have not changed for a while.
 * @throws SCAN_NOT_FOUND when the file is gone, the system's error when it cannot be read
 */
export const hasEndMarker = async (root: string, key: string): Promise<boolean> => {
  const handle = await openObject(root, key);
  try {
    const { size } = await handle.stat();
    if (size < HEAD_BYTES + TAIL_BYTES) return false;
    const buffer = Buffer.alloc(HEAD_BYTES + TAIL_BYTES);
    await handle.read(buffer, 0, HEAD_BYTES, 0);
    await handle.read(buffer, HEAD_BYTES, TAIL_BYTES, size - TAIL_BYTES);
    return endsAsItBegan(buffer.subarray(0, HEAD_BYTES), buffer.subarray(HEAD_BYTES), size);
  } finally {
    await handle.close();
  }
};

const endsAsItBegan = (head: Buffer, tail: Buffer, sizeBytes: number): boolean => {
  const start = head.toString('hex');
  const end = tail.toString('hex');
  if (start.startsWith(PNG_SIGNATURE)) return end === PNG_END;
  if (start.startsWith('ffd8ff')) return end.endsWith('ffd9');
  if (head.toString('latin1', 0, 4) === 'GIF8') return end.endsWith('003b');
  // The size counts what follows it; a chunk of odd length is padded, which not every writer counts.
  if (head.toString('latin1', 0, 4) === 'RIFF') return [0, 1].includes(sizeBytes - 8 - head.readUInt32LE(4));
  return false;
};
