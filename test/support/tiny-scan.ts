import { deflateSync } from 'node:zlib';
import { pngChunk, pngHeader, pngOf } from './png-writer';

/** A small grey PNG whose content depends on the number alone. */
export const tinyScan = (number: number): Buffer => {
  const side = 16;
  const rows = Buffer.alloc(side * (side + 1));
  for (let index = 0; index < rows.length; index += 1) {
    rows[index] = index % (side + 1) === 0 ? 0 : (index * 7 + number * 31 + (number >> 8) * 101) & 255;
  }
  return pngOf(
    pngHeader(side, side),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('tEXt', Buffer.from(`n\0${number}`)),
  );
};
