import type { Calibration } from './calibration-schema';
import { distanceIn, type NormalSpace } from './normal-space';

/** What the training data looked like: the network's features of it, and its thumbnails. */
export interface GateStatistics {
  readonly features: NormalSpace;
  readonly pixels: NormalSpace;
}

export interface GateDistances {
  readonly features: number;
  readonly pixels: number;
}

/** Cells of a thumbnail's side. */
export const THUMBNAIL_SIDE = 16;

/**
 * The picture in 16 x 16 cells, row by row: mean grey of each, 0 to 1. The network was taught to look past what makes a
 * brain's place and size; its thumbnail tells them.
 * @param pixels u8 [1, height, width, 3] as the session takes it, at least 16 a side
 */
export const toThumbnail = (
  pixels: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): Float64Array => {
  const cells = new Float64Array(THUMBNAIL_SIDE * THUMBNAIL_SIDE);
  for (let cell = 0; cell < cells.length; cell++) {
    const row = Math.floor(cell / THUMBNAIL_SIDE);
    const column = cell % THUMBNAIL_SIDE;
    const [top, bottom] = edges(row, height);
    const [left, right] = edges(column, width);
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let at = (y * width + left) * 3; at < (y * width + right) * 3; at++) sum += pixels[at] as number;
    }
    cells[cell] = sum / ((bottom - top) * (right - left) * 3 * 255);
  }
  return cells;
};

const edges = (cell: number, length: number): readonly [number, number] => {
  const from = Math.floor((cell * length) / THUMBNAIL_SIDE);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * length) / THUMBNAIL_SIDE))];
};

export const gateDistances = (
  { features, pixels }: GateStatistics,
  scan: { readonly features: ArrayLike<number>; readonly thumbnail: ArrayLike<number> },
): GateDistances => ({ features: distanceIn(features, scan.features), pixels: distanceIn(pixels, scan.thumbnail) });

/** Whether a picture is like the training data by both measures. */
export const passesGate = (
  distances: GateDistances,
  { featureLimit, pixelLimit }: NonNullable<Calibration['gate']>,
): boolean => distances.features <= featureLimit && distances.pixels <= pixelLimit;
