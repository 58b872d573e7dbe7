/**
 * CMYK to RGB as Pillow does without a profile (Convert.c, cmyk2rgb): each ink darkens what black leaves. In place: the
 * answer is the front three quarters of the same memory, because a second buffer would double a large image.
 * @param pixels interleaved C, M, Y, K, 8 bit
 * @returns interleaved R, G, B, 8 bit
 */
export const cmykToRgb = (pixels: Uint8Array): Uint8Array => {
  let to = 0;
  for (let from = 0; from < pixels.length; from += 4) {
    const light = 255 - (pixels[from + 3] as number);
    const cyan = pixels[from] as number;
    const magenta = pixels[from + 1] as number;
    const yellow = pixels[from + 2] as number;
    pixels[to++] = light - divideBy255(cyan * light);
    pixels[to++] = light - divideBy255(magenta * light);
    pixels[to++] = light - divideBy255(yellow * light);
  }
  return pixels.subarray(0, to);
};

/** Rounded division of 0..65025, by Pillow's MULDIV255. */
const divideBy255 = (product: number): number => {
  const shifted = product + 128;
  return ((shifted >> 8) + shifted) >> 8;
};
