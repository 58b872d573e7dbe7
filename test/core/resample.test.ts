import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type Raster, type ResampleFilter, resample, resampleFilters } from '../../lib/core/resample';

const gradient = (width: number, height: number, channels: 1 | 3): Raster => ({
  pixels: Uint8Array.from({ length: width * height * channels }, (_, index) => (index * 37 + (index >> 3) * 11) & 255),
  width,
  height,
  channels,
});

const constant = (value: number, width: number, height: number, channels: 1 | 3): Raster => ({
  pixels: new Uint8Array(width * height * channels).fill(value),
  width,
  height,
  channels,
});

const side = fc.integer({ min: 1, max: 40 });
const filter = fc.constantFrom(...resampleFilters);
const channelCount = fc.constantFrom(1 as const, 3 as const);

describe('resample', () => {
  it('keeps an image of one colour, whatever the sizes and the filter', () => {
    fc.assert(
      fc.property(fc.nat(255), side, side, side, side, channelCount, filter, (value, w, h, toW, toH, channels, f) => {
        const resized = resample(constant(value, w, h, channels), toW, toH, f);

        expect(resized).toHaveLength(toW * toH * channels);
        expect(resized.every((sample) => sample === value)).toBe(true);
      }),
    );
  });

  it('treats each colour channel as a grey image of its own', () => {
    fc.assert(
      fc.property(side, side, side, side, filter, (w, h, toW, toH, f) => {
        const grey = gradient(w, h, 1);
        const colour: Raster = {
          ...grey,
          channels: 3,
          pixels: Uint8Array.from(grey.pixels.length * 3 === 0 ? [] : [...grey.pixels].flatMap((v) => [v, 255 - v, v])),
        };

        const expected = resample(grey, toW, toH, f);
        const resized = resample(colour, toW, toH, f);

        expect(expected.every((value, index) => resized[index * 3] === value)).toBe(true);
        expect(expected.every((value, index) => resized[index * 3 + 2] === value)).toBe(true);
      }),
    );
  });

  it('gives the same pixels in memory of its own when the size does not change', () => {
    const image = gradient(7, 5, 3);

    const resized = resample(image, 7, 5, 'bicubic');

    expect(resized).toEqual(image.pixels);
    expect(resized.buffer).not.toBe(image.pixels.buffer);
  });

  it('averages two by two with the box filter, halves rounded up', () => {
    const image: Raster = { pixels: Uint8Array.of(0, 1, 10, 20, 2, 3, 30, 41), width: 4, height: 2, channels: 1 };

    const resized = resample(image, 2, 1, 'box');

    // Each pass rounds: (0 + 1) / 2 and (2 + 3) / 2 become 1 and 3, of which the mean is 2.
    expect([...resized]).toEqual([2, 26]);
  });

  it('clips the overshoot of filters with negative lobes', () => {
    const edge: Raster = { pixels: Uint8Array.of(0, 0, 0, 255, 255, 255), width: 6, height: 1, channels: 1 };

    const resized = resample(edge, 60, 1, 'lanczos');

    expect(resized[0]).toBe(0);
    expect(Math.max(...resized)).toBe(255);
    expect(resized[59]).toBe(255);
  });

  it.each<[ResampleFilter, number[]]>([
    ['nearest', [0, 2, 4]],
    ['box', [1, 2, 4]],
  ])('reads the pixels that Pillow reads for %s from 5 to 3', (name, expected) => {
    const image: Raster = { pixels: Uint8Array.of(0, 1, 2, 3, 4), width: 5, height: 1, channels: 1 };

    expect([...resample(image, 3, 1, name)]).toEqual(expected);
  });

  it('gives the same result after its tables have been pushed out of the cache', () => {
    const image = gradient(50, 40, 3);
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const first = digest(resample(image, 23, 31, 'bilinear'));

    for (let size = 1; size <= 40; size++) resample(image, size, size, 'hamming');

    expect(digest(resample(image, 23, 31, 'bilinear'))).toBe(first);
  });

  it('makes of a window what cropping the whole gives', () => {
    const window = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(side, side, side, side, channelCount, filter, window, window, (w, h, toW, toH, channels, f, x, y) => {
        const span = (size: number, [start, length]: readonly [number, number]) => {
          const first = Math.min(size - 1, Math.floor(start * size));
          return { first, count: 1 + Math.floor(length * (size - first - 1)) };
        };
        const [columns, rows] = [span(toW, x), span(toH, y)];
        const image = gradient(w, h, channels);
        const whole = resample(image, toW, toH, f);

        const part = resample(image, toW, toH, f, {
          left: columns.first,
          top: rows.first,
          width: columns.count,
          height: rows.count,
        });

        const expected: number[] = [];
        for (let row = rows.first; row < rows.first + rows.count; row++) {
          const start = (row * toW + columns.first) * channels;
          expected.push(...whole.subarray(start, start + columns.count * channels));
        }
        expect([...part]).toEqual(expected);
      }),
    );
  });
});
