import sharp, { type Metadata, type Sharp } from 'sharp';
import { SulcusError } from '../../core/errors';
import { freeNow } from './free-now';
import { cmykToRgb } from './naive-cmyk';

export interface Raster {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export interface DecodeLimits {
  readonly maxPixels: number;
  readonly timeoutSeconds: number;
}

type Layout = 'grey' | 'colour' | 'cmyk';

/** Spaces by sharp's name, each with the one sample type that it is defined for. */
const LAYOUTS: Readonly<Record<string, readonly [depth: string, Layout]>> = {
  'b-w': ['uchar', 'grey'],
  grey16: ['ushort', 'grey'],
  srgb: ['uchar', 'colour'],
  rgb16: ['ushort', 'colour'],
  cmyk: ['uchar', 'cmyk'],
};

const CHANNELS: Readonly<Record<Layout, number>> = { grey: 1, colour: 3, cmyk: 4 };

/** @throws UNSUPPORTED_IMAGE for samples that have no agreed way to 8 bit: signed, 32 bit, floating point, spectral */
export const requireLayout = ({ space, depth, channels }: Metadata): Layout => {
  const [expectedDepth, layout] = LAYOUTS[space] ?? [];
  const alpha = layout === undefined ? 0 : channels - CHANNELS[layout];
  if (layout !== undefined && depth === expectedDepth && (alpha === 0 || alpha === 1)) return layout;
  throw new SulcusError(
    'UNSUPPORTED_IMAGE',
    `expected grey or RGB of 8 or 16 bit, or CMYK of 8 bit, for the image, received ${channels} channels of ${space} as ${depth}`,
  );
};

/**
 * 16-bit samples keep their high byte, as Pillow reads 16-bit RGB; its 16-bit grey it clips at 255, which would make
 * nearly every such scan white. libvips shifts likewise on the way to 8-bit sRGB, of which grey then takes one channel;
 * on its way to 8-bit grey it would apply a gamma.
 */
const LAYOUT_PIPELINES: Readonly<Record<Layout, (image: Sharp) => Sharp>> = {
  grey: (image) => image.removeAlpha().extractChannel(0),
  colour: (image) => image.removeAlpha(),
  cmyk: (image) => image.removeAlpha().pipelineColourspace('cmyk').toColourspace('cmyk'),
};

const readRaw = async (image: Sharp, timeoutSeconds: number) => {
  const { data, info } = await image
    .timeout({ seconds: Math.ceil(timeoutSeconds) })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height };
};

/**
 * The first frame as it lies in the file, 8 bit. Colour profiles are ignored, as by Pillow's convert(). `failOn: warning`
 * is the only level at which libvips refuses every truncated TIFF instead of filling it up.
 */
export const decodeFrame = async (bytes: Uint8Array, layout: Layout, limits: DecodeLimits): Promise<Raster> => {
  const image = sharp(bytes, {
    failOn: 'warning',
    limitInputPixels: limits.maxPixels,
    ignoreIcc: true,
    pages: 1,
  });
  const raw = await readRaw(LAYOUT_PIPELINES[layout](image), limits.timeoutSeconds);
  if (layout === 'cmyk') return { ...raw, pixels: cmykToRgb(raw.pixels), channels: 3 };
  return { ...raw, channels: layout === 'grey' ? 1 : 3 };
};

/** EXIF's orientation, or else XMP's, which Pillow's exif_transpose falls back to as well; 1 is upright. */
export const readOrientation = ({ orientation, xmpAsString }: Metadata): number =>
  orientation ?? Number(/tiff:Orientation(?:="|>)([0-9])/.exec(xmpAsString ?? '')?.[1] ?? 1);

/** What turns each EXIF orientation upright; sharp mirrors before it rotates. */
const ORIENTATIONS: Readonly<Record<number, (image: Sharp) => Sharp>> = {
  2: (image) => image.flop(),
  3: (image) => image.rotate(180),
  4: (image) => image.flip(),
  5: (image) => image.rotate(90).flip(),
  6: (image) => image.rotate(90),
  7: (image) => image.rotate(270).flip(),
  8: (image) => image.rotate(270),
};

/** A pass of its own on 8-bit pixels: turned while decoding, a 16-bit image would be held twice at full depth. */
export const turnUpright = async (raster: Raster, orientation: number, limits: DecodeLimits): Promise<Raster> => {
  const turn = ORIENTATIONS[orientation];
  if (turn === undefined) return raster;
  const { pixels, width, height, channels } = raster;
  const image = sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false, sequentialRead: false });
  const raw = await readRaw(turn(image).toColourspace(channels === 1 ? 'b-w' : 'srgb'), limits.timeoutSeconds);
  freeNow(pixels);
  return { ...raw, channels };
};
