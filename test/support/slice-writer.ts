import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { pngChunk, pngHeader, pngOf } from './png-writer';

const SIDE = 32;

/** Writes a 32 x 32 grey PNG with this grey, 0 to 255, at each place. */
export const writePng = (path: string, grey: (x: number, y: number) => number): void => {
  const rows = Buffer.alloc(SIDE * (SIDE + 1));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) rows[y * (SIDE + 1) + 1 + x] = Math.max(0, Math.min(255, Math.round(grey(x, y))));
  }
  writeFileSync(path, pngOf(pngHeader(SIDE, SIDE), pngChunk('IDAT', deflateSync(rows))));
};
