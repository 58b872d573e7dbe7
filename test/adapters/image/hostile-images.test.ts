import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { createImageDecoder } from '../../../lib/adapters/image';
import { isSulcusError } from '../../../lib/core/errors';
import { readGoldenImage, SAMPLE_SCAN } from '../../fixtures';
import { hostileImages } from '../../support/hostile-images';

const decoder = createImageDecoder();
const goodScan = readFileSync(SAMPLE_SCAN.png);

const outcomeOf = async (bytes: Uint8Array): Promise<string> => {
  try {
    (await decoder.decode(bytes)).dispose();
    return 'classified';
  } catch (error) {
    return isSulcusError(error) ? error.code : `not ours: ${error}`;
  }
};

describe('hostile images', () => {
  it('are at least 25, each with a name of its own', () => {
    const names = new Set(hostileImages.map(({ name }) => name));

    expect(names.size).toBe(hostileImages.length);
    expect(names.size).toBeGreaterThanOrEqual(25);
  });

  it.each(hostileImages.map((image) => [image.name, image] as const))(
    '%s: refused for what it is, and the next scan decodes',
    async (_name, image) => {
      const bytes = image.bytes();
      const start = performance.now();

      const outcome = await outcomeOf(bytes);

      expect(outcome).toBe(image.expect);
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(await outcomeOf(goodScan)).toBe('classified');
    },
    30_000,
  );

  it('never repeat file content in a message', async () => {
    const secret = 'Jane-Doe-1970';
    const files = [
      secret,
      `<svg>${secret}</svg>`,
      `<html>${secret}`,
      `GIF89a${secret}`,
      `%PDF-${secret}`,
      `II*\0${secret}`,
    ];

    const messages = await Promise.all(
      files.map((file) => decoder.decode(Buffer.from(file, 'latin1')).then(String, (error: Error) => error.message)),
    );

    expect(messages.filter((message) => message.includes('Jane'))).toEqual([]);
    expect(messages).toHaveLength(files.length);
  });
});

describe('mutated images', () => {
  const seeds = [
    'rgb.tif',
    'grey16.tif',
    'fax.tif',
    'palette.tif',
    'pages.tif',
    'rgb16.png',
    'palette-alpha.png',
    'orientation-6.png',
    'orientation-xmp.png',
    'rgb-2.jpg',
    'progressive.jpg',
    'cmyk.jpg',
    'orientation-5.jpg',
    'rgb.gif',
    'transparent.gif',
    'animated.gif',
    'lossy.webp',
    'lossless.webp',
    'animated.webp',
    'grey.avif',
  ].map(readGoldenImage);
  // Headers hold what is dangerous, so half the changes go to the first bytes.
  const position = fc.oneof(fc.double({ min: 0, max: 0.05, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
  const change = fc.record({ position, byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x7f, 0x80)) });
  const mutated = fc
    .record({
      seed: fc.constantFrom(...seeds),
      changes: fc.array(change, { minLength: 1, maxLength: 8 }),
      kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    })
    .map(({ seed, changes, kept }) => {
      const bytes = new Uint8Array(seed);
      for (const { position: at, byte } of changes) bytes[Math.floor(at * (bytes.length - 1))] = byte;
      return bytes.subarray(0, Math.ceil(kept * bytes.length));
    });

  it('decode or fail with a code of ours, and are never written to', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async (bytes) => {
        const before = new Uint8Array(bytes);

        const outcome = await outcomeOf(bytes);

        expect(outcome).toMatch(/^(classified|UNSUPPORTED_IMAGE|UNREADABLE_IMAGE|IMAGE_TOO_LARGE)$/);
        expect(bytes).toEqual(before);
      }),
      { numRuns: 600 },
    );
  }, 60_000);
});
