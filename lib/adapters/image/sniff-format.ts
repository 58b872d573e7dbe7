/** What the first bytes of a file say it is: a format we decode, or in words what came instead. */
export type Sniffed = { readonly format: ImageFormat } | { readonly received: string };

export const imageFormats = ['PNG', 'JPEG', 'TIFF', 'WebP', 'GIF', 'AVIF'] as const;
export type ImageFormat = (typeof imageFormats)[number];

type Signature = readonly [offset: number, bytes: string];

/** Latin-1 text stands for bytes; every signature of a row must match. */
const IMAGES: readonly (readonly [ImageFormat, ...Signature[]])[] = [
  ['PNG', [0, '\x89PNG\r\n\x1a\n']],
  ['JPEG', [0, '\xff\xd8\xff']],
  ['TIFF', [0, 'II*\0']],
  ['TIFF', [0, 'MM\0*']],
  ['TIFF', [0, 'II+\0']],
  ['TIFF', [0, 'MM\0+']],
  ['WebP', [0, 'RIFF'], [8, 'WEBP']],
  ['GIF', [0, 'GIF87a']],
  ['GIF', [0, 'GIF89a']],
];

const OTHERS: readonly (readonly [string, ...Signature[]])[] = [
  ['a DICOM file', [128, 'DICM']],
  ['a NIfTI file', [344, 'n+1\0']],
  ['a PDF document', [0, '%PDF-']],
  ['a ZIP archive', [0, 'PK\x03\x04']],
  ['gzip data', [0, '\x1f\x8b']],
  ['a BMP image', [0, 'BM']],
  ['a JPEG XL image', [0, '\xff\x0a']],
  ['a JPEG XL image', [0, '\0\0\0\x0cJXL ']],
  ['a JPEG 2000 image', [0, '\0\0\0\x0cjP  ']],
  ['a JPEG 2000 image', [0, '\xff\x4f\xff\x51']],
  ['a Photoshop document', [0, '8BPS']],
  ['an icon', [0, '\0\0\x01\0']],
  ['an OpenEXR image', [0, '\x76\x2f\x31\x01']],
];

const has = (bytes: Uint8Array, [offset, text]: Signature): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
};

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** ISO base media files name what they hold in their first box: AVIF, HEIC and others share everything else. */
const sniffBrands = (bytes: Uint8Array): Sniffed | undefined => {
  if (latin1(bytes, 4, 8) !== 'ftyp') return undefined;
  const sizeBytes = Math.min(((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0), 256);
  const brands = latin1(bytes, 8, Math.max(sizeBytes, 12)).match(/[\s\S]{4}/g) ?? [];
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { format: 'AVIF' };
  if (brands.some((brand) => /^(?:hei|hev|mif1|msf1)/.test(brand))) return { received: 'a HEIC image' };
  return { received: 'a video or another ISO media file' };
};

/** Text is told apart by its beginning only, so that no message ever repeats file content. */
const sniffText = (bytes: Uint8Array): Sniffed => {
  const head = latin1(bytes, 0, 1024).replace(/^\xef\xbb\xbf/, '');
  if (/<svg[\s>]/i.test(head)) return { received: 'an SVG document' };
  if (/^\s*(?:<!doctype html|<html|<head|<body)/i.test(head)) return { received: 'an HTML document' };
  if (/^\s*<\?xml/i.test(head)) return { received: 'an XML document' };
  return { received: /^[\t\n\r\x20-\x7e\x80-\xff]+$/.test(head) ? 'text' : 'data of an unknown format' };
};

/** The format of a file by its magic bytes; its name and declared type are not asked. */
export const sniffFormat = (bytes: Uint8Array): Sniffed => {
  const image = IMAGES.find(([, ...signatures]) => signatures.every((signature) => has(bytes, signature)));
  if (image !== undefined) return { format: image[0] };
  const other = OTHERS.find(([, ...signatures]) => signatures.every((signature) => has(bytes, signature)));
  if (other !== undefined) return { received: other[0] };
  return sniffBrands(bytes) ?? sniffText(bytes);
};
