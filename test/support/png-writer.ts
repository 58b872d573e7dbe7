import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Color types of the PNG specification. */
export const PNG_GREY = 0;
export const PNG_RGB = 2;

export const pngChunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
};

export const pngHeader = (width: number, height: number, bitDepth = 8, colorType = PNG_GREY): Buffer => {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([bitDepth, colorType, 0, 0, 0], 8);
  return pngChunk('IHDR', data);
};

/** A PNG of these chunks between signature and end. */
export const pngOf = (...chunks: readonly Uint8Array[]): Buffer =>
  Buffer.concat([SIGNATURE, ...chunks, pngChunk('IEND', Buffer.alloc(0))]);

/** The pixels of an image that is black all over. */
export const blackPixels = (width: number, height: number, bytesPerPixel = 1): Buffer =>
  pngChunk('IDAT', deflateSync(Buffer.alloc(height * (width * bytesPerPixel + 1)), { level: 9 }));
