/**
 * The 8-bit image resize of Pillow 13, bit for bit: src/libImaging/Resample.c (convolution with a filter stretched to the
 * scale, coefficients in 22-bit fixed point, a horizontal then a vertical pass, each rounded to 8 bit) and, for
 * nearest, ImagingScaleAffine in Geometry.c. Every product and sum fits 32-bit integers, which JavaScript does exactly.
 */

/** In the order of their numbers in Pillow (PIL.Image.Resampling) and thus in preprocessor_config.json. */
export const resampleFilters = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
export type ResampleFilter = (typeof resampleFilters)[number];

type Convolution = Exclude<ResampleFilter, 'nearest'>;

interface Kernel {
  readonly support: number;
  readonly weight: (x: number) => number;
}

/** Where each output sample reads its input, and with what weights. */
interface Coefficients {
  /** First input index of each output index. */
  readonly starts: Int32Array;
  /** Number of taps of each output index. */
  readonly counts: Int32Array;
  /** `tapsPerOutput` weights an output index, of which the first `counts` are used. */
  readonly weights: Int32Array;
  readonly tapsPerOutput: number;
}

/** 32 bits less 8 for the result and 2 for the overshoot of filters with negative lobes. */
const PRECISION_BITS = 22;
const ONE = 1 << PRECISION_BITS;
const HALF = 1 << (PRECISION_BITS - 1);

// Bound once: looked up on the global in the innermost loops, it costs tenfold where globals are proxied, as in Jest.
const { imul } = Math;

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const hamming = (x: number): number => {
  const distance = Math.abs(x);
  if (distance === 0) return 1;
  if (distance >= 1) return 0;
  const angle = distance * Math.PI;
  // Pillow writes these two constants in single precision.
  return (Math.sin(angle) / angle) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(angle));
};

const bicubic = (x: number): number => {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * a;
  return 0;
};

const KERNELS: Readonly<Record<Convolution, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** A stretch of the output along one axis. */
interface Span {
  readonly first: number;
  readonly count: number;
}

/** @returns tables for the outputs of the span alone, indexed from its start */
const computeCoefficients = (
  inSize: number,
  outSize: number,
  { first, count: outputs }: Span,
  { support, weight }: Kernel,
): Coefficients => {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const tapsPerOutput = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(outputs);
  const counts = new Int32Array(outputs);
  const weights = new Int32Array(outputs * tapsPerOutput);
  const exact = new Float64Array(tapsPerOutput);
  const step = 1 / filterScale;
  for (let out = 0; out < outputs; out++) {
    const center = (first + out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(inSize, Math.trunc(center + reach + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const value = weight((tap + start - center + 0.5) * step);
      exact[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < count; tap++) {
      const value = sum === 0 ? (exact[tap] as number) : (exact[tap] as number) / sum;
      weights[out * tapsPerOutput + tap] = Math.trunc(value * ONE + (value < 0 ? -0.5 : 0.5));
    }
    starts[out] = start;
    counts[out] = count;
  }
  return { starts, counts, weights, tapsPerOutput };
};

/** Scans of one study share their size, so a few tables serve nearly every call; a table takes up to 2 MB. */
const CACHED_TABLES = 16;
const tables = new Map<string, Coefficients>();

const coefficientsFor = (inSize: number, outSize: number, span: Span, filter: Convolution): Coefficients => {
  const key = `${filter} ${inSize} ${outSize} ${span.first} ${span.count}`;
  const cached = tables.get(key);
  if (cached !== undefined) return cached;
  const computed = computeCoefficients(inSize, outSize, span, KERNELS[filter]);
  const [oldest] = tables.keys();
  if (tables.size >= CACHED_TABLES && oldest !== undefined) tables.delete(oldest);
  tables.set(key, computed);
  return computed;
};

/** 22-bit fixed point to 0..255. */
const clip = (sum: number): number => {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
};

/** Rows `firstRow` up to `firstRow + rows` of a one-channel image, each `width` wide, resized to the table's width. */
const resampleRowsGrey = (
  source: Uint8Array,
  width: number,
  firstRow: number,
  rows: number,
  { starts, counts, weights, tapsPerOutput }: Coefficients,
): Uint8Array => {
  const outWidth = starts.length;
  const target = new Uint8Array(rows * outWidth);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    const rowStart = (firstRow + row) * width;
    for (let out = 0; out < outWidth; out++) {
      const count = counts[out] as number;
      let from = rowStart + (starts[out] as number);
      let tap = out * tapsPerOutput;
      let sum = HALF;
      for (const end = tap + count; tap < end; tap++, from++) {
        sum = (sum + imul(source[from] as number, weights[tap] as number)) | 0;
      }
      target[to++] = clip(sum);
    }
  }
  return target;
};

/** The same for three interleaved channels: one walk over the taps feeds all three sums. */
const resampleRowsColour = (
  source: Uint8Array,
  width: number,
  firstRow: number,
  rows: number,
  { starts, counts, weights, tapsPerOutput }: Coefficients,
): Uint8Array => {
  const outWidth = starts.length;
  const target = new Uint8Array(rows * outWidth * 3);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    const rowStart = (firstRow + row) * width;
    for (let out = 0; out < outWidth; out++) {
      const count = counts[out] as number;
      let from = (rowStart + (starts[out] as number)) * 3;
      let tap = out * tapsPerOutput;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (const end = tap + count; tap < end; tap++, from += 3) {
        const weight = weights[tap] as number;
        red = (red + imul(source[from] as number, weight)) | 0;
        green = (green + imul(source[from + 1] as number, weight)) | 0;
        blue = (blue + imul(source[from + 2] as number, weight)) | 0;
      }
      target[to] = clip(red);
      target[to + 1] = clip(green);
      target[to + 2] = clip(blue);
      to += 3;
    }
  }
  return target;
};

/** The vertical pass over rows of `stride` samples, of which `source` holds those from `firstRow` on. */
const resampleColumns = (
  source: Uint8Array,
  stride: number,
  firstRow: number,
  { starts, counts, weights, tapsPerOutput }: Coefficients,
): Uint8Array => {
  const outHeight = starts.length;
  const target = new Uint8Array(outHeight * stride);
  // Four samples at once read a weight once for all: half the time of one by one.
  const inFours = stride - (stride % 4);
  for (let out = 0; out < outHeight; out++) {
    const firstTap = out * tapsPerOutput;
    const endTap = firstTap + (counts[out] as number);
    const top = ((starts[out] as number) - firstRow) * stride;
    const to = out * stride;
    let i = 0;
    for (; i < inFours; i += 4) {
      let first = HALF;
      let second = HALF;
      let third = HALF;
      let fourth = HALF;
      let from = top + i;
      for (let tap = firstTap; tap < endTap; tap++, from += stride) {
        const weight = weights[tap] as number;
        first = (first + imul(source[from] as number, weight)) | 0;
        second = (second + imul(source[from + 1] as number, weight)) | 0;
        third = (third + imul(source[from + 2] as number, weight)) | 0;
        fourth = (fourth + imul(source[from + 3] as number, weight)) | 0;
      }
      target[to + i] = clip(first);
      target[to + i + 1] = clip(second);
      target[to + i + 2] = clip(third);
      target[to + i + 3] = clip(fourth);
    }
    for (; i < stride; i++) {
      let sum = HALF;
      let from = top + i;
      for (let tap = firstTap; tap < endTap; tap++, from += stride) {
        sum = (sum + imul(source[from] as number, weights[tap] as number)) | 0;
      }
      target[to + i] = clip(sum);
    }
  }
  return target;
};

/**
 * Since release 13 Pillow starts with the columns when the height loses more than twice as many pixels as the width;
 * before, it always started with the rows. The order shows in the last bit, because each pass rounds.
 */
const columnsFirst = (image: Raster, outWidth: number, outHeight: number): boolean => {
  const heightLoss = image.height - outHeight;
  return heightLoss > 0 && heightLoss > (image.width - outWidth) * 2;
};

const convolve = (image: Raster, { outWidth, outHeight, rows, columns, filter }: Resize): Uint8Array => {
  const { pixels, width, height, channels } = image;
  const resampleRows = channels === 1 ? resampleRowsGrey : resampleRowsColour;
  // A pass whose size does not change is skipped, as in Pillow.
  if (height === outHeight) {
    const horizontal = coefficientsFor(width, outWidth, columns, filter);
    return resampleRows(pixels, width, rows.first, rows.count, horizontal);
  }
  const vertical = coefficientsFor(height, outHeight, rows, filter);
  if (width === outWidth) {
    const kept = cut(image, { first: 0, count: height }, columns);
    return resampleColumns(kept, columns.count * channels, 0, vertical);
  }
  const horizontal = coefficientsFor(width, outWidth, columns, filter);
  if (columnsFirst(image, outWidth, outHeight)) {
    const shortened = resampleColumns(pixels, width * channels, 0, vertical);
    return resampleRows(shortened, width, 0, rows.count, horizontal);
  }
  // Rows that the vertical pass never reads are not computed.
  const firstRow = vertical.starts[0] as number;
  const lastRow = (vertical.starts[rows.count - 1] as number) + (vertical.counts[rows.count - 1] as number);
  const narrowed = resampleRows(pixels, width, firstRow, lastRow - firstRow, horizontal);
  return resampleColumns(narrowed, columns.count * channels, firstRow, vertical);
};

/** A part of the image, in memory of its own only if it is less than the whole. */
const cut = ({ pixels, width, height, channels }: Raster, rows: Span, columns: Span): Uint8Array => {
  if (columns.count === width) {
    return rows.count === height
      ? pixels
      : pixels.slice(rows.first * width * channels, (rows.first + rows.count) * width * channels);
  }
  const target = new Uint8Array(rows.count * columns.count * channels);
  for (let row = 0; row < rows.count; row++) {
    const start = ((rows.first + row) * width + columns.first) * channels;
    target.set(pixels.subarray(start, start + columns.count * channels), row * columns.count * channels);
  }
  return target;
};

/** Input index of each output index of the span; the position is accumulated, as Pillow does, not multiplied. */
const nearestIndexes = (inSize: number, outSize: number, { first, count }: Span): Int32Array => {
  const step = inSize / outSize;
  const indexes = new Int32Array(count);
  let position = step * 0.5;
  for (let out = 0; out < first + count; out++) {
    if (out >= first) indexes[out - first] = Math.min(Math.trunc(position), inSize - 1);
    position += step;
  }
  return indexes;
};

const pickNearest = (
  { pixels, width, height, channels }: Raster,
  { outWidth, outHeight, rows, columns }: Omit<Resize, 'filter'>,
): Uint8Array => {
  const columnIndexes = nearestIndexes(width, outWidth, columns);
  const target = new Uint8Array(rows.count * columns.count * channels);
  let to = 0;
  for (const row of nearestIndexes(height, outHeight, rows)) {
    for (const column of columnIndexes) {
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) target[to++] = pixels[from + channel] as number;
    }
  }
  return target;
};

export interface Raster {
  /** Row-major, interleaved, 8 bit: `height * width * channels` bytes. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

interface Resize {
  readonly outWidth: number;
  readonly outHeight: number;
  readonly rows: Span;
  readonly columns: Span;
  readonly filter: Convolution;
}

/** A rectangle inside the resized image, in its pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The image at another size, equal to Pillow's `Image.resize((outWidth, outHeight), filter)` in every byte; of it only
 * the window, if one is given: the same bytes as cropping afterwards, in memory and time for the window alone.
 * @returns row-major, interleaved, the same channels; always memory of its own
 */
export const resample = (
  image: Raster,
  outWidth: number,
  outHeight: number,
  filter: ResampleFilter,
  window: Window = { left: 0, top: 0, width: outWidth, height: outHeight },
): Uint8Array => {
  const rows: Span = { first: window.top, count: window.height };
  const columns: Span = { first: window.left, count: window.width };
  if (image.width === outWidth && image.height === outHeight) {
    const part = cut(image, rows, columns);
    return part === image.pixels ? new Uint8Array(part) : part;
  }
  if (filter === 'nearest') return pickNearest(image, { outWidth, outHeight, rows, columns });
  return convolve(image, { outWidth, outHeight, rows, columns, filter });
};
