import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../lib/core/errors';
import { readGoldenImage, SAMPLE_SCAN } from '../fixtures';
import { blackPixels, PNG_RGB, pngChunk, pngHeader, pngOf } from './png-writer';
import { tiffOf } from './tiff-writer';

/** A file that is broken or means harm, and what must become of it. */
export interface HostileImage {
  readonly name: string;
  /** As it would be dropped into the scan folder; the name is often a lie. */
  readonly fileName: string;
  /** Built anew by each call, so that nothing large stays in memory. */
  readonly bytes: () => Uint8Array;
  /** The code of the refusal; 'classified' when the file is odd but a proper image. */
  readonly expect: ErrorCode | 'classified';
}

const text = (content: string) => () => Buffer.from(content, 'utf8');
const truncated = (file: string, kept: number) => () => {
  const whole = readGoldenImage(file);
  return whole.subarray(0, Math.floor(whole.length * kept));
};
const patched = (whole: Buffer, at: number, bytes: readonly number[]): Buffer => {
  const copy = Buffer.from(whole);
  copy.set(bytes, at);
  return copy;
};

/** Height and width in a JPEG's frame header (SOF0), 16 bit each. */
const jpegClaiming = (width: number, height: number) => () => {
  const whole = readGoldenImage('grey.jpg');
  const at = whole.indexOf(Buffer.from([0xff, 0xc0]));
  return patched(whole, at + 5, [height >> 8, height & 255, width >> 8, width & 255]);
};

/** The last scan of a progressive JPEG again and again: each is worked through in full before a row comes out. */
const jpegOfManyScans = () => {
  const whole = readGoldenImage('progressive.jpg');
  const lastScan = whole.subarray(whole.lastIndexOf(Buffer.from([0xff, 0xda])), whole.length - 2);
  const scans = Array.from({ length: 5000 }, () => lastScan);
  return Buffer.concat([whole.subarray(0, -2), ...scans, Buffer.from([0xff, 0xd9])]);
};

/** Ten million of them made libvips keep 2.9 GB. */
const jpegOfManySegments = () => {
  const whole = readGoldenImage('grey.jpg');
  const empty = Buffer.from([0xff, 0xe1, 0, 2]);
  return Buffer.concat([whole.subarray(0, 2), Buffer.alloc(4_000_000, empty), whole.subarray(2)]);
};

const jpegOfHugeExif = () => {
  const whole = readGoldenImage('grey.jpg');
  const segment = Buffer.alloc(65_535, 0x41);
  segment.set([0xff, 0xe1, 0xff, 0xfd]);
  segment.write('Exif\0\0', 4, 'latin1');
  return Buffer.concat([whole.subarray(0, 2), ...Array.from({ length: 60 }, () => segment), whole.subarray(2)]);
};

const gifOfManyFrames = () => {
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  const header = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  return Buffer.concat([header, ...Array.from({ length: 10_000 }, () => frame), Buffer.from(';')]);
};

/** Sides of the screen (byte 6) and of the first frame, 16 bit each; libvips believes the frame. */
const gifClaiming = (width: number, height: number) => () => {
  const sides = [width & 255, width >> 8, height & 255, height >> 8];
  const whole = patched(readGoldenImage('grey.gif'), 6, sides);
  const frameAt = whole.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 61, 0, 43, 0]));
  return patched(whole, frameAt + 5, sides);
};

/** The 14-bit sides of a lossless WebP (VP8L), which lie behind its signature byte. */
const webpClaiming = (side: number) => () => {
  const whole = readGoldenImage('lossless.webp');
  const at = whole.indexOf('VP8L') + 9;
  const bits = (side - 1) | ((side - 1) << 14);
  return patched(whole, at, [
    bits & 255,
    (bits >> 8) & 255,
    (bits >> 16) & 255,
    ((whole[at + 3] as number) & 0xf0) | (bits >> 24),
  ]);
};

/** An animation of one frame, again and again; libvips takes quadratic time over them. */
const webpOfManyFrames = () => {
  const whole = readGoldenImage('animated.webp');
  const start = whole.indexOf('ANMF');
  const frame = whole.subarray(start, start + 8 + whole.readUInt32LE(start + 4));
  const file = Buffer.concat([whole.subarray(0, start), ...Array.from({ length: 50_000 }, () => frame)]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
};

/** A whole image of 400 million pixels in a few kilobytes. */
const hugeBlackPng = () =>
  pngOf(pngHeader(20_000, 20_000, 1), pngChunk('IDAT', deflateSync(Buffer.alloc(20_000 * 2_501))));

const textBomb = () => {
  const bomb = Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(64 * 1024 * 1024, 0x41))]);
  const chunks = Array.from({ length: 16 }, () => pngChunk('zTXt', bomb));
  return pngOf(pngHeader(64, 64), ...chunks, blackPixels(64, 64));
};

/** Small enough each for libpng's own limit, and it keeps them all. */
const textSwarm = () => {
  const bomb = Buffer.concat([Buffer.from('C\0\x01\0\0\0', 'latin1'), deflateSync(Buffer.alloc(7_000_000, 0x41))]);
  const chunk = pngChunk('iTXt', bomb);
  return pngOf(pngHeader(64, 64), ...Array.from({ length: 900 }, () => chunk), blackPixels(64, 64));
};

const profileBomb = () => {
  const profile = Buffer.concat([Buffer.from('p\0\0', 'latin1'), deflateSync(Buffer.alloc(64 * 1024 * 1024))]);
  return pngOf(pngHeader(64, 64, 8, PNG_RGB), pngChunk('iCCP', profile), blackPixels(64, 64, 3));
};

const pixelBomb = () => pngOf(pngHeader(64, 64), pngChunk('IDAT', deflateSync(Buffer.alloc(256 * 1024 * 1024))));

const badChecksum = () => {
  const whole = pngOf(pngHeader(64, 64), blackPixels(64, 64));
  return patched(whole, whole.length - 16, [0xde, 0xad]);
};

const dicom = () => Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), randomBytes(4096)]);

const SVG = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
<image xlink:href="http://169.254.169.254/latest/meta-data/" width="64" height="64"/><text>&a;</text></svg>`;

const refused =
  (expect: ErrorCode) =>
  (name: string, fileName: string, bytes: () => Uint8Array): HostileImage => ({
    name,
    fileName,
    bytes,
    expect,
  });
const unreadable = refused('UNREADABLE_IMAGE');
const unsupported = refused('UNSUPPORTED_IMAGE');
const tooLarge = refused('IMAGE_TOO_LARGE');
const odd = (name: string, fileName: string, bytes: () => Uint8Array): HostileImage => ({
  name,
  fileName,
  bytes,
  expect: 'classified',
});

export const hostileImages: readonly HostileImage[] = [
  unreadable('empty file', 'empty.png', () => new Uint8Array()),
  unreadable('truncated PNG', 'truncated.png', truncated('circles-512x512.png', 0.5)),
  unreadable('PNG without its end', 'headless.png', truncated('rgb16.png', 0.9)),
  unreadable('truncated JPEG', 'truncated.jpg', truncated('rgb-0.jpg', 0.6)),
  unreadable('truncated progressive JPEG', 'progressive.jpg', truncated('progressive.jpg', 0.6)),
  unreadable('truncated GIF', 'truncated.gif', truncated('grey.gif', 0.5)),
  unreadable('truncated WebP', 'truncated.webp', truncated('lossy.webp', 0.6)),
  unreadable('truncated TIFF', 'truncated.tif', truncated('rgb.tif', 0.6)),
  unreadable('truncated AVIF', 'truncated.avif', truncated('grey.avif', 0.6)),
  unreadable('PNG signature before noise', 'noise.png', () => pngOf(randomBytes(4096))),
  unreadable('PNG of 0 x 0 px', 'zero.png', () => pngOf(pngHeader(0, 0), blackPixels(1, 1))),
  odd('PNG of 1 x 1 px', 'one.png', () => pngOf(pngHeader(1, 1), blackPixels(1, 1))),
  odd('PNG of 1 x 65,535 px', 'line.png', () => pngOf(pngHeader(1, 65_535), blackPixels(1, 65_535))),
  tooLarge('PNG of 100,000 x 1 px', 'long.png', () => pngOf(pngHeader(100_000, 1), blackPixels(100_000, 1))),
  unreadable('PNG whose header claims more rows', 'lie.png', () => pngOf(pngHeader(64, 4096), blackPixels(64, 64))),
  unreadable('PNG whose header claims 2^31 - 1 px a side', 'lie.png', () =>
    pngOf(pngHeader(0x7fffffff, 0x7fffffff), blackPixels(64, 64)),
  ),
  tooLarge('PNG of 20,000 x 20,000 px', 'huge.png', hugeBlackPng),
  unreadable('PNG with a wrong checksum', 'crc.png', badChecksum),
  odd('PNG whose pixels inflate to 256 MB', 'bomb.png', pixelBomb),
  odd('PNG with 1 GB of compressed text', 'text-bomb.png', textBomb),
  odd('PNG with 900 compressed texts of 7 MB', 'text-swarm.png', textSwarm),
  odd('PNG with a colour profile that inflates to 64 MB', 'profile-bomb.png', profileBomb),
  unreadable('JPEG that claims 65,500 rows', 'tall.jpg', jpegClaiming(61, 65_500)),
  tooLarge('JPEG that claims 65,500 x 65,500 px', 'huge.jpg', jpegClaiming(65_500, 65_500)),
  unreadable('JPEG of 5,000 scans', 'scans.jpg', jpegOfManyScans),
  unreadable('JPEG of a million segments', 'segments.jpg', jpegOfManySegments),
  odd('JPEG with 4 MB of EXIF', 'exif.jpg', jpegOfHugeExif),
  odd('GIF of 10,000 frames', 'frames.gif', gifOfManyFrames),
  odd('WebP of 50,000 frames', 'frames.webp', webpOfManyFrames),
  tooLarge('GIF that claims 65,535 x 65,535 px', 'huge.gif', gifClaiming(65_535, 65_535)),
  tooLarge('WebP that claims 16,383 x 16,383 px', 'huge.webp', webpClaiming(16_383)),
  odd('TIFF whose directory is its own next', 'loop.tif', () => tiffOf({ next: 'itself' })),
  unreadable('TIFF of a strip longer than the file', 'strip.tif', () => tiffOf({ stripBytes: 1 << 30 })),
  tooLarge('TIFF that claims a million px a side', 'huge.tif', () => tiffOf({ width: 1_000_000, height: 1_000_000 })),
  unreadable('TIFF that claims 2 billion px a side', 'lie.tif', () =>
    tiffOf({ width: 0x7fffffff, height: 0x7fffffff }),
  ),
  unreadable('TIFF whose strip lies beyond the end', 'beyond.tif', () => tiffOf({ stripOffset: 0x7fffffff })),
  unreadable('TIFF with a billion strips', 'strips.tif', () => tiffOf({ stripCount: 0x3fffffff })),
  unsupported('TIFF of 32-bit floats', 'float.tif', () => tiffOf({ bitsPerSample: 32, sampleFormat: 3 })),
  unsupported('SVG with external references', 'scan.svg', text(SVG)),
  unsupported('SVG named .png', 'scan.png', text(SVG)),
  unsupported('HTML named .png', 'page.png', text('<!DOCTYPE html><html><script>alert(1)</script></html>')),
  unsupported('30 MB of noise', 'noise.jpg', () => Buffer.concat([Buffer.from([0]), randomBytes(30_000_000)])),
  unsupported('random bytes', 'random.png', () => Buffer.concat([Buffer.from([1]), randomBytes(999)])),
  unsupported('ZIP archive', 'scans.zip', () => Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(512)])),
  unsupported('gzip data', 'scan.nii.gz', () => gzipSync(randomBytes(512))),
  unsupported('PDF document', 'report.pdf', text('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n')),
  unsupported('DICOM file', 'scan.dcm', dicom),
  unsupported('text', 'notes.jpg', text('Patient: none. This is not an image.\n')),
  unsupported(
    'drawing commands',
    'exploit.mvg',
    text("push graphic-context\nimage over 0,0 0,0 'http://127.0.0.1/'\n"),
  ),
  unreadable(
    'GIF signature before script',
    'polyglot.gif',
    text('GIF89a/*<svg/onload=alert(1)>*/=alert(document.domain)//;'),
  ),
  odd('JPEG named .png', 'scan.png', () => readFileSync(SAMPLE_SCAN.jpeg)),
];
