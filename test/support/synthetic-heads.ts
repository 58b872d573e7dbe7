import type { Raster } from '../../lib/core/resample';
import { seededRandom } from '../../lib/core/seeded-random';

const SIDE = 64;
const BLOBS = 14;

/**
 * A head that nobody has: an outline that narrows from slice to slice, with folds and ventricles of its own that come and
 * go slowly along it. Equal seeds are equal heads.
 */
export const syntheticHead = (seed: number): ((slice: number) => Raster) => {
  const random = seededRandom(seed);
  const [across, along] = [22 + 4 * random(), 26 + 4 * random()];
  const blobs = Array.from({ length: BLOBS }, () => ({
    x: 14 + 36 * random(),
    y: 12 + 40 * random(),
    width: 3 + 4 * random(),
    grey: 200 * (random() - 0.5),
    phase: 2 * Math.PI * random(),
  }));
  return (slice) => {
    const pixels = new Uint8Array(SIDE * SIDE);
    const shrink = 1 - 0.006 * slice;
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const radius = ((x - 32) / (across * shrink)) ** 2 + ((y - 32) / (along * shrink)) ** 2;
        if (radius > 1) continue;
        const grey = blobs.reduce(
          (sum, blob) =>
            sum +
            blob.grey *
              Math.cos(blob.phase + 0.13 * slice) *
              Math.exp(-((x - blob.x) ** 2 + (y - blob.y) ** 2) / (2 * blob.width ** 2)),
          110,
        );
        pixels[y * SIDE + x] = Math.max(0, Math.min(255, Math.round(grey)));
      }
    }
    return { pixels, width: SIDE, height: SIDE, channels: 1 };
  };
};
