import { cmykToRgb } from '../../../lib/adapters/image/naive-cmyk';

describe('cmykToRgb', () => {
  it('is white without ink, black with full black, and darkens by the product of ink and light', () => {
    const cmyk = Uint8Array.of(0, 0, 0, 0, 10, 20, 30, 255, 255, 0, 0, 0, 100, 200, 50, 55);

    const rgb = cmykToRgb(cmyk);

    // Last: light is 200; 200 - round(200 * 100 / 255) and so on.
    expect([...rgb]).toEqual([255, 255, 255, 0, 0, 0, 0, 255, 255, 122, 43, 161]);
  });

  it('answers within the memory it was given', () => {
    const cmyk = new Uint8Array(40);

    const rgb = cmykToRgb(cmyk);

    expect(rgb.buffer).toBe(cmyk.buffer);
    expect(rgb).toHaveLength(30);
  });
});
