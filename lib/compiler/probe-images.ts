import { SulcusError } from '../core/errors';

/**
 * Images to compare two graphs on when the checkpoint comes alone: like axial MRI slices (an ellipse of tissue with
 * ventricles in a black margin), like photographs (gradients, shapes, grain), and noise, so that tokens differ from each
 * other as those of real scans do. From +, -, *, / and the square root alone, so that every machine makes the same ones.
 */
export const PROBE_IMAGES = 16;
export const PROBE_KIND = 'generated: 8 MRI-like, 5 photographic, 3 noise';

/** Images that two graphs are compared on. */
export interface ProbeImages {
  /** What the manifest says of them: a kind, never a name of a file. */
  readonly kind: string;
  /** Each u8 `[1, height, width, 3]`, 1 to PROBE_IMAGES of them. */
  readonly pixels: readonly Uint8Array[];
}

/** All of them, of one size. */
export const generateProbeImages = ({ height, width }: { height: number; width: number }): ProbeImages => ({
  kind: PROBE_KIND,
  pixels: Array.from({ length: PROBE_IMAGES }, (_, index) => probeImage(index, height, width)),
});

/** @throws CONFIG_INVALID when there are none or too many, or one is not of the model's size */
export const requireProbeImages = ({ pixels }: ProbeImages, size: { height: number; width: number }): void => {
  if (pixels.length < 1 || pixels.length > PROBE_IMAGES) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected 1 to ${PROBE_IMAGES} images to verify on, received ${pixels.length}`,
    );
  }
  const expected = size.height * size.width * 3;
  const wrong = pixels.find(({ length }) => length !== expected);
  if (wrong !== undefined) {
    throw new SulcusError('CONFIG_INVALID', `expected images of ${expected} bytes, received one of ${wrong.length}`);
  }
};

/** @returns u8 `[1, height, width, 3]` @param index 0 to PROBE_IMAGES - 1, and the seed */
export const probeImage = (index: number, height: number, width: number): Uint8Array => {
  const random = createRandom(index + 1);
  if (index % 2 === 0) return paint(height, width, slicePainter(random), random, 6);
  if (index % 6 === 1) return paint(height, width, () => [128, 128, 128], random, 255);
  return paint(height, width, photoPainter(random), random, 24);
};

/** The image with every channel of every pixel moved by -1, 0 or 1, within 0..255; the same for the same seed. */
export const disturb = (pixels: Uint8Array, seed: number): Uint8Array => {
  const random = createRandom(seed + 1);
  return pixels.map((value) => max(0, min(255, value + ((random() * 3) | 0) - 1)));
};

/** Tests run in a context whose globals are slow to look up. */
const { imul, max, min, round, sqrt } = Math;

type Random = () => number;
/** Colour at a point of the unit square. */
type Painter = (y: number, x: number) => readonly [number, number, number];

/** Mulberry32: 32-bit integer arithmetic only. @returns numbers in [0, 1) */
export const createRandom = (seed: number): Random => {
  let state = imul(seed, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
};

const paint = (height: number, width: number, painter: Painter, random: Random, grain: number): Uint8Array => {
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = painter((y + 0.5) / height, (x + 0.5) / width);
      // Black stays black: a scanner's background is masked out before a slice is published.
      const isBackground = colour[0] === 0;
      for (let channel = 0; channel < 3; channel++) {
        const value = (colour[channel] as number) + (isBackground ? 0 : (random() - 0.5) * grain);
        pixels[(y * width + x) * 3 + channel] = max(0, min(255, round(value)));
      }
    }
  }
  return pixels;
};

const between = (random: Random, low: number, high: number): number => low + random() * (high - low);

const ellipse = (random: Random, centre: number, radius: number) => {
  const [cy, cx] = [0.5 + between(random, -centre, centre), 0.5 + between(random, -centre, centre)];
  const [ry, rx] = [radius * between(random, 0.8, 1.2), radius * between(random, 0.7, 1)];
  return (y: number, x: number): number => sqrt(((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2);
};

/** Grey: skull, cortex, white matter, ventricles, with folds as a ripple of the radius. */
const slicePainter = (random: Random): Painter => {
  const head = ellipse(random, 0.03, 0.42);
  const ventricles = ellipse(random, 0.04, between(random, 0.08, 0.16));
  const folds = Array.from({ length: 24 }, () => ellipse(random, 0.4, 0.05));
  const [skull, cortex, white] = [between(random, 150, 230), between(random, 80, 120), between(random, 130, 180)];
  return (y, x) => {
    const radius = head(y, x);
    if (radius > 1) return [0, 0, 0];
    let value = radius > 0.92 ? skull : radius > 0.72 ? cortex : white;
    if (radius < 0.9 && folds.some((fold) => fold(y, x) < 1)) value = cortex - 30;
    if (ventricles(y, x) < 1) value = 25;
    return [value, value, value];
  };
};

const photoPainter = (random: Random): Painter => {
  const corners = Array.from({ length: 12 }, () => between(random, 0, 255));
  const shapes = Array.from({ length: 9 }, () => ({
    distance: ellipse(random, 0.5, between(random, 0.05, 0.3)),
    colour: [between(random, 1, 255), between(random, 0, 255), between(random, 0, 255)] as const,
  }));
  return (y, x) => {
    const shape = shapes.find(({ distance }) => distance(y, x) < 1);
    if (shape !== undefined) return shape.colour;
    const mix = (channel: number): number => {
      const corner = (index: number) => corners[index * 3 + channel] as number;
      const top = corner(0) * (1 - x) + corner(1) * x;
      return 1 + top * (1 - y) + (corner(2) * (1 - x) + corner(3) * x) * y;
    };
    return [mix(0), mix(1), mix(2)];
  };
};
