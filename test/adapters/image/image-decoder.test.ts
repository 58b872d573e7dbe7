import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { createImageDecoder, SUPPORTED_FORMATS } from '../../../lib/adapters/image';
import { readGoldenImage, SAMPLE_SCAN } from '../../fixtures';
import { blackPixels, pngChunk, pngHeader, pngOf } from '../../support/png-writer';
import { tiffOf } from '../../support/tiff-writer';

const decoder = createImageDecoder();
const codeOf = (decoding: Promise<unknown>) =>
  decoding.then(
    () => 'decoded',
    (error: { code: string }) => error.code,
  );
const failureOf = (decoding: Promise<unknown>) =>
  decoding.then(
    () => undefined,
    (error: Error) => error,
  );

describe('createImageDecoder', () => {
  it('reads at least PNG, JPEG, TIFF, WebP and GIF', () => {
    expect(SUPPORTED_FORMATS).toEqual(expect.arrayContaining(['PNG', 'JPEG', 'TIFF', 'WebP', 'GIF']));
  });

  it.each([
    ['grey-alpha.png', 1],
    ['grey16.png', 1],
    ['grey.jpg', 1],
    ['fax.tif', 1],
    ['rgba.png', 3],
    ['cmyk.jpg', 3],
    ['palette.png', 3],
  ])('gives %s as %i channel(s)', async (file, channels) => {
    const image = await decoder.decode(readGoldenImage(file));

    expect(image.channels).toBe(channels);
    expect(image.pixels).toHaveLength(image.width * image.height * channels);
    image.dispose();
  });

  it('gives the sample scan alike from PNG and, within what JPEG loses, from JPEG', async () => {
    const [png, jpeg] = await Promise.all(
      [SAMPLE_SCAN.png, SAMPLE_SCAN.jpeg].map((path) => decoder.decode(readFileSync(path))),
    );

    expect([png!.width, png!.height, png!.channels]).toEqual([128, 128, 1]);
    const differences = Array.from(png!.pixels, (value, index) => Math.abs(value - jpeg!.pixels[index]!));
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(1.5);
    png!.dispose();
    jpeg!.dispose();
  });

  it('keeps the high byte of 16-bit samples, so that white is white and nothing is clipped', async () => {
    const samples = Uint16Array.of(0, 255, 256, 0x7fff, 0x8000, 0xfeff, 0xff00, 0xffff);
    const rows = Buffer.concat([Buffer.from([0]), Buffer.from(samples.buffer).swap16()]);

    const image = await decoder.decode(pngOf(pngHeader(8, 1, 16), pngChunk('IDAT', deflateSync(rows))));

    expect([...image.pixels]).toEqual([0, 0, 1, 0x7f, 0x80, 0xfe, 0xff, 0xff]);
    image.dispose();
  });

  it('ignores an EXIF orientation that is none', async () => {
    // Tag 0x0112, type 3 (short), one value: big-endian, as Pillow wrote it.
    const odd = Buffer.from(readGoldenImage('orientation-6.jpg'));
    const valueAt = odd.indexOf(Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1])) + 8;
    odd.writeUInt16BE(77, valueAt);

    const image = await decoder.decode(odd);

    expect([image.width, image.height]).toEqual([61, 43]);
    image.dispose();
  });

  it.each([
    ['signed 16-bit', { bitsPerSample: 16, sampleFormat: 2 }, /grey16 as short/],
    ['32-bit', { bitsPerSample: 32, sampleFormat: 1 }, /b-w as uint/],
    ['floating-point', { bitsPerSample: 32, sampleFormat: 3 }, /b-w as float/],
  ])('refuses %s samples and says what it takes', async (_name, claims, received) => {
    const failure = await failureOf(decoder.decode(tiffOf(claims)));

    expect(failure).toMatchObject({ code: 'UNSUPPORTED_IMAGE' });
    expect(failure!.message).toMatch(/grey or RGB of 8 or 16 bit/);
    expect(failure!.message).toMatch(received);
  });

  it('names the formats it reads and what came instead', async () => {
    const failure = await failureOf(decoder.decode(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')));

    expect(failure!.message).toBe(
      `expected ${SUPPORTED_FORMATS.slice(0, -1).join(', ')} or ${SUPPORTED_FORMATS.at(-1)} for the image, received an SVG document`,
    );
  });

  it('names the limit and the size of an image over it', async () => {
    const small = createImageDecoder({ maxPixels: 64 * 64 });

    const failure = await failureOf(small.decode(pngOf(pngHeader(65, 64), blackPixels(65, 64))));

    expect(failure).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(failure!.message).toMatch(/at most 4096 pixels.*PNG.*received 65 x 64 = 4160/);
    expect(await codeOf(small.decode(pngOf(pngHeader(64, 64), blackPixels(64, 64))))).toBe('decoded');
  });

  it('counts AVIF and interlaced 16-bit PNG twice', async () => {
    const decode = (file: string) => createImageDecoder({ maxPixels: 61 * 43 }).decode(readGoldenImage(file));

    expect(await codeOf(decode('grey16.png'))).toBe('decoded');
    expect(await codeOf(decode('grey.avif'))).toBe('IMAGE_TOO_LARGE');
  });

  it('lets go of its pixels with dispose, any number of times', async () => {
    const image = await decoder.decode(readGoldenImage('grey.jpg'));

    image.dispose();
    image.dispose();

    expect(image.pixels).toHaveLength(0);
  });

  it('waits for its share of the budget and gives it back when a decode fails', async () => {
    const narrow = createImageDecoder({ pixelBudget: 61 * 43 });
    const first = await narrow.decode(readGoldenImage('grey.jpg'));
    const order: string[] = [];
    const broken = narrow.decode(readGoldenImage('rgb-0.jpg').subarray(0, 2000)).catch(() => order.push('broken'));
    const third = narrow.decode(readGoldenImage('grey.gif')).then((image) => {
      order.push('third');
      image.dispose();
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(order).toEqual([]);

    first.dispose();
    await Promise.all([broken, third]);

    // Whichever's header was read first came first; who comes now needs what both gave back.
    expect([...order].sort()).toEqual(['broken', 'third']);
    expect(await codeOf(narrow.decode(readGoldenImage('grey.gif')))).toBe('decoded');
  });

  it('calls a decode that outlasts its time unreadable, and decodes the next', async () => {
    const hasty = createImageDecoder({ timeoutSeconds: 0.001 });
    const slow = pngOf(pngHeader(3000, 3000), blackPixels(3000, 3000));

    const failure = await failureOf(hasty.decode(slow));

    expect(failure).toMatchObject({
      code: 'UNREADABLE_IMAGE',
      message: expect.stringMatching(/PNG.*within 0.001 s.*takes longer/),
    });
    expect(await codeOf(decoder.decode(slow))).toBe('decoded');
  });

  it('decodes many at once', async () => {
    const files = ['grey.jpg', 'rgb16.png', 'lossy.webp', 'rgb.gif', 'cmyk.tif', 'orientation-7.jpg'].map(
      readGoldenImage,
    );
    const narrow = createImageDecoder({ pixelBudget: 10_000 });

    const sizes = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const image = await narrow.decode(files[index % files.length]!);
        image.dispose();
        return image.width * image.height;
      }),
    );

    expect(new Set(sizes)).toEqual(new Set([61 * 43]));
  });
});

describe('the rest of libvips', () => {
  it.each([
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')],
    ['a path', SAMPLE_SCAN.png],
  ])('does not open %s', async (_name, input) => {
    createImageDecoder();

    await expect(sharp(input).metadata()).rejects.toBeDefined();
  });
});
