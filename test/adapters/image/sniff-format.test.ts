import fc from 'fast-check';
import { sniffFormat } from '../../../lib/adapters/image/sniff-format';
import { readGoldenImage } from '../../fixtures';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const box = (...brands: string[]) =>
  latin1(`\0\0\0${String.fromCharCode(8 + brands.length * 4)}ftyp${brands.join('')}`);

describe('sniffFormat', () => {
  it.each([
    ['grey16.png', 'PNG'],
    ['grey.jpg', 'JPEG'],
    ['rgb.tif', 'TIFF'],
    ['lossy.webp', 'WebP'],
    ['grey.gif', 'GIF'],
    ['grey.avif', 'AVIF'],
  ])('knows %s as %s', (file, format) => {
    expect(sniffFormat(readGoldenImage(file))).toEqual({ format });
  });

  it.each<[string, Buffer]>([
    ['TIFF', latin1('MM\0*\0\0\0\x08')],
    ['TIFF', latin1('MM\0+\0\x08\0\0')],
    ['TIFF', latin1('II+\0\x08\0\0\0')],
    ['GIF', latin1('GIF87a')],
    ['AVIF', box('mif1', '\0\0\0\0', 'mif1', 'avif')],
  ])('knows %s by other magic bytes too', (format, bytes) => {
    expect(sniffFormat(bytes)).toEqual({ format });
  });

  it.each<[string, Buffer]>([
    ['an SVG document', latin1('<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="x">')],
    ['an HTML document', latin1('\n <!DOCTYPE html><html>')],
    ['an XML document', latin1('\xef\xbb\xbf<?xml version="1.0"?><note/>')],
    ['a PDF document', latin1('%PDF-1.4')],
    ['a ZIP archive', latin1('PK\x03\x04')],
    ['gzip data', latin1('\x1f\x8b\x08')],
    ['a DICOM file', Buffer.concat([Buffer.alloc(128), latin1('DICM')])],
    ['a NIfTI file', Buffer.concat([Buffer.alloc(344), latin1('n+1\0')])],
    ['a BMP image', latin1('BM\x3a\0\0\0\0\0')],
    ['a HEIC image', box('heic', '\0\0\0\0', 'mif1', 'heic')],
    ['a video or another ISO media file', box('isom', '\0\0\0\0', 'mp41')],
    ['a JPEG 2000 image', latin1('\0\0\0\x0cjP  \r\n')],
    ['a JPEG XL image', latin1('\xff\x0a\x01')],
    ['text', latin1('hello, world\r\n')],
    ['data of an unknown format', latin1('\x01\x02\x03')],
    ['data of an unknown format', latin1('RIFF\0\0\0\0WAVE')],
  ])('names %s', (received, bytes) => {
    expect(sniffFormat(bytes)).toEqual({ received });
  });

  it('answers for any bytes, of any length', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 40 }).map((tail) => Buffer.concat([box('mif1'), tail])),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        const sniffed = sniffFormat(file);

        expect('format' in sniffed ? sniffed.format : sniffed.received).toMatch(/./);
      }),
    );
  });
});
