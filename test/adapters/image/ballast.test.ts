import fc from 'fast-check';
import { withoutBallast } from '../../../lib/adapters/image/ballast';
import { imageFormats } from '../../../lib/adapters/image/sniff-format';
import { readGoldenImage } from '../../fixtures';
import { blackPixels, pngChunk, pngHeader, pngOf } from '../../support/png-writer';
import { tiffOf } from '../../support/tiff-writer';

const text = (type: string, content: string) => pngChunk(type, Buffer.from(content, 'latin1'));
const segment = (marker: number, payload = '') =>
  Buffer.concat([Buffer.from([0xff, marker, 0, payload.length + 2]), Buffer.from(payload, 'latin1')]);
const jpegOf = (...segments: Buffer[]) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments, Buffer.from([0xff, 0xd9])]);
const times = (count: number, bytes: Buffer) => Array.from({ length: count }, () => bytes);

describe('withoutBallast', () => {
  it.each([
    ['PNG', 'circles-512x512.png'],
    ['JPEG', 'progressive.jpg'],
    ['TIFF', 'rgb.tif'],
    ['WebP', 'lossless.webp'],
    ['GIF', 'grey.gif'],
    ['AVIF', 'grey.avif'],
  ] as const)('hands a plain %s over uncopied', (format, file) => {
    const bytes = readGoldenImage(file);

    expect(withoutBallast(format, bytes).buffer).toBe(bytes.buffer);
  });

  it('leaves text and profile out of a PNG but keeps a plain XMP packet', () => {
    const [header, pixels] = [pngHeader(2, 2), blackPixels(2, 2)];
    const xmp = text('iTXt', 'XML:com.adobe.xmp\0\0\0\0\0<x/>');
    const packed = text('iTXt', 'XML:com.adobe.xmp\0\x01\0\0\0<x/>');
    const bytes = pngOf(
      header,
      text('tEXt', 'a\0b'),
      text('iCCP', 'p\0\0'),
      xmp,
      packed,
      pixels,
      text('zTXt', 'a\0\0b'),
    );

    const light = withoutBallast('PNG', bytes);

    expect(Buffer.from(light)).toEqual(pngOf(header, xmp, pixels));
  });

  it('cuts an animated GIF after its first frame and makes that opaque', () => {
    const bytes = readGoldenImage('animated.gif');
    const transparent = readGoldenImage('transparent.gif');
    const flagsAt = transparent.indexOf(Buffer.from([0x21, 0xf9, 4])) + 3;

    const first = withoutBallast('GIF', bytes);
    const opaque = withoutBallast('GIF', transparent);

    expect(first.length).toBeLessThan(bytes.length - 500);
    expect(first.at(-1)).toBe(0);
    expect(transparent[flagsAt]! & 1).toBe(1);
    expect(opaque[flagsAt]! & 1).toBe(0);
  });

  it('cuts an animated WebP after its first frame and corrects its size', () => {
    const bytes = readGoldenImage('animated.webp');

    const first = Buffer.from(withoutBallast('WebP', bytes));

    expect(bytes.toString('latin1').split('ANMF')).toHaveLength(3);
    expect(first.toString('latin1').split('ANMF')).toHaveLength(2);
    expect(first.readUInt32LE(4)).toBe(first.length - 8);
  });

  it('makes the first page of a TIFF its last', () => {
    const bytes = tiffOf({ next: 'itself' });

    expect(Buffer.from(withoutBallast('TIFF', bytes))).toEqual(tiffOf());
  });

  it('makes the first page of a BigTIFF its last', () => {
    const header = Buffer.from('II+\0\x08\0\0\0', 'latin1');
    const offsets = [16n, 1n].map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      return bytes;
    });
    const bytes = Buffer.concat([header, ...offsets, Buffer.alloc(20, 7), Buffer.alloc(8, 9)]);

    const first = withoutBallast('TIFF', bytes);

    expect([...first.subarray(-9)]).toEqual([7, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['scans', times(101, segment(0xda))],
    ['segments', times(2001, segment(0xe1))],
  ])('refuses a JPEG of more %s than an encoder writes', (_name, segments) => {
    expect(() => withoutBallast('JPEG', jpegOf(...segments))).toThrow(
      expect.objectContaining({ code: 'UNREADABLE_IMAGE' }),
    );
  });

  it('counts no markers inside segments, restarts, stuffing or behind the end of the image', () => {
    const thumbnail = segment(0xe1, '\xff\xda'.repeat(120));
    const data = Buffer.from('\xff\x00\xff\xd0\xff\xff\xd7'.repeat(3000), 'latin1');
    const bytes = Buffer.concat([jpegOf(thumbnail, segment(0xda), data), ...times(3000, segment(0xda))]);

    expect(withoutBallast('JPEG', bytes)).toBe(bytes);
  });

  it('never writes to its input and comes to an end on any bytes', () => {
    const beginnings = [
      '\x89PNG\r\n\x1a\n',
      '\xff\xd8',
      'II*\0\x08\0\0\0',
      'MM\0+\0\x08\0\0',
      'RIFF\0\0\0\0WEBP',
      'GIF89a',
    ].map((start) => Buffer.from(start, 'latin1'));
    const file = fc
      .tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }))
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(fc.constantFrom(...imageFormats), file, (format, bytes) => {
        const before = Buffer.from(bytes);

        const light = withoutBallast(format, bytes);

        expect(light.length).toBeLessThanOrEqual(bytes.length + 1);
        expect(bytes).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });
});
