import { z } from 'zod';
import { SulcusError } from './errors';
import {
  invalidKey,
  parseExactSize,
  parseResize,
  resizedSize,
  resizeSchema,
  type Size,
  unsupportedKey,
} from './image-processor-size';
import { type Raster, resample, resampleFilters } from './resample';

const channelTriple = z.tuple([z.number(), z.number(), z.number()]);

/**
 * How an image becomes the model's input: resize, cut `size` out of the middle, then
 * `(pixel * rescaleFactor - imageMean) / imageStd`.
 */
export const imageProcessorConfigSchema = z.strictObject({
  /** What comes out, and the model takes. */
  size: z.strictObject({ height: z.int().positive(), width: z.int().positive() }),
  /** Null when images are taken as they are. */
  resize: resizeSchema.nullable(),
  resample: z.enum(resampleFilters),
  /** Whether what is beyond `size` is cut off, and what is missing filled with black; otherwise it must fit. */
  centerCrop: z.boolean(),
  /** 1 when the model takes 0..255. */
  rescaleFactor: z.number().positive(),
  /** Of red, green and blue after rescaling; 0 and 1 when the model takes them unnormalised. */
  imageMean: channelTriple,
  imageStd: channelTriple,
});
export type ImageProcessorConfig = z.infer<typeof imageProcessorConfigSchema>;

/** Height and width of what `imageToPixels` gives. */
export const inputSize = ({ size }: ImageProcessorConfig): Size => size;

interface ProcessorDefaults {
  readonly size: Size;
  readonly cropSize: Size | null;
  readonly resample: number;
  readonly centerCrop: boolean;
}

const square = (side: number): Size => ({ height: side, width: side });

/** What transformers' ViTImageProcessor and DeiTImageProcessor take when the file does not say. */
const VIT_DEFAULTS: ProcessorDefaults = { size: square(224), cropSize: null, resample: 2, centerCrop: false };
const DEIT_DEFAULTS: ProcessorDefaults = { size: square(256), cropSize: square(224), resample: 3, centerCrop: true };

/** Class names without the suffixes transformers has given them over time. */
const PROCESSORS: ReadonlyMap<string, ProcessorDefaults> = new Map([
  ['ViT', VIT_DEFAULTS],
  ['DeiT', DEIT_DEFAULTS],
]);

/** transformers reads null as "not given". */
const read = <T>(
  file: Readonly<Record<string, unknown>>,
  key: string,
  schema: z.ZodType<T>,
  expected: string,
  missing: T,
): T => {
  const value = file[key] ?? undefined;
  if (value === undefined) return missing;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidKey(key, expected, value);
  return parsed.data;
};

type Triple = ImageProcessorConfig['imageMean'];
const channels = (entry: z.ZodType<number>): z.ZodType<Triple> =>
  z.union([z.tuple([entry, entry, entry]), entry.transform((value): Triple => [value, value, value])]);

const parseProcessorName = (file: Readonly<Record<string, unknown>>): ProcessorDefaults => {
  // The new key wins, unless it says null.
  const key =
    (file.image_processor_type ?? undefined) === undefined ? 'feature_extractor_type' : 'image_processor_type';
  const name = file[key] ?? undefined;
  if (name === undefined) return VIT_DEFAULTS;
  const known = PROCESSORS.get(String(name).replace(/(?:ImageProcessor(?:Fast|Pil)?|FeatureExtractor)$/, ''));
  if (typeof name === 'string' && known !== undefined) return known;
  throw unsupportedKey(key, 'ViTImageProcessor, DeiTImageProcessor, ViTFeatureExtractor or DeiTFeatureExtractor', name);
};

type Steps = Pick<ImageProcessorConfig, 'size' | 'resize' | 'centerCrop'>;

const parseSteps = (
  file: Readonly<Record<string, unknown>>,
  defaults: ProcessorDefaults,
  modelSize: Size | undefined,
): Steps => {
  const flag = (key: string, missing: boolean) => read(file, key, z.boolean(), 'true or false', missing);
  if (flag('do_pad', false)) throw unsupportedKey('do_pad', 'false', true);
  const parsed = parseResize(file.size, defaults.size, flag('default_to_square', true));
  const resize = flag('do_resize', true) ? parsed : null;
  if (flag('do_center_crop', defaults.centerCrop)) {
    return { size: parseExactSize('crop_size', file.crop_size, defaults.cropSize), resize, centerCrop: true };
  }
  // Without a crop, only square images come out at one size from a resize that keeps the aspect ratio.
  const ofSquare = parsed.kind === 'exact' ? parsed : square(Math.min(parsed.edge, parsed.longest ?? parsed.edge));
  const size = resize === null && modelSize !== undefined ? modelSize : ofSquare;
  return { size: { height: size.height, width: size.width }, resize, centerCrop: false };
};

/**
 * Reads a Hugging Face `preprocessor_config.json`, of ViTImageProcessor or DeiTImageProcessor by their older and newer
 * names; what the file leaves out is what transformers 5 takes then. Keys that do not change the pixels are ignored.
 * @param modelSize what the model takes: the size that a processor which neither resizes nor crops must be given
 * @throws CHECKPOINT_INVALID for a value that cannot be, ARCHITECTURE_UNSUPPORTED for one that transformers would take
 * but we do not: other processors, padding of its own, a resize to a greatest height, width or number of pixels
 */
export const parseImageProcessor = (json: unknown, modelSize?: Size): ImageProcessorConfig => {
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  if (!parsed.success) {
    throw new SulcusError('CHECKPOINT_INVALID', 'expected a JSON object for preprocessor_config.json');
  }
  const file = parsed.data;
  const defaults = parseProcessorName(file);
  const flag = (key: string) => read(file, key, z.boolean(), 'true or false', true);
  const number = z.number();
  const filters = resampleFilters.map((name, index) => `${index} (${name})`).join(', ');
  const filter = read(file, 'resample', z.int().min(0).max(5), filters, defaults.resample);
  const factor = read(file, 'rescale_factor', number.positive(), 'a number above 0', 1 / 255);
  const mean = read<Triple>(file, 'image_mean', channels(number), 'a number or three', [0.5, 0.5, 0.5]);
  const std = read<Triple>(
    file,
    'image_std',
    channels(number.positive()),
    'a number above 0 or three',
    [0.5, 0.5, 0.5],
  );
  const normalize = flag('do_normalize');
  return {
    ...parseSteps(file, defaults, modelSize),
    resample: resampleFilters[filter] ?? 'bilinear',
    rescaleFactor: flag('do_rescale') ? factor : 1,
    imageMean: normalize ? mean : [0, 0, 0],
    imageStd: normalize ? std : [1, 1, 1],
  };
};

const replicate = (grey: Uint8Array): Uint8Array => {
  const pixels = new Uint8Array(grey.length * 3);
  for (let from = 0, to = 0; from < grey.length; from++, to += 3) {
    const value = grey[from] as number;
    pixels[to] = value;
    pixels[to + 1] = value;
    pixels[to + 2] = value;
  }
  return pixels;
};

/**
 * Keeping the aspect ratio, a narrow image becomes a very long one. Only the part that stays is ever made, but nearest
 * steps through every position up to it; at 224 px wide, this is 4681 times as long.
 */
const MAX_RESIZED_SIDE = 1 << 20;

const unprocessable = (expected: string, { width, height }: Raster): SulcusError =>
  new SulcusError('UNREADABLE_IMAGE', `expected ${expected}, received ${width} x ${height} px`);

/** Where a crop takes its pixels along one axis, and where it puts them: numpy's center_crop of transformers. */
const cropSpan = (length: number, cropped: number) =>
  cropped <= length
    ? { from: Math.floor((length - cropped) / 2), to: 0, count: cropped }
    : { from: 0, to: Math.ceil((cropped - length) / 2), count: length };

const resizeAndCrop = (image: Raster, { size, resize, centerCrop, resample: filter }: ImageProcessorConfig): Raster => {
  const target = resize === null ? image : resizedSize(image, resize);
  if (Math.min(target.height, target.width) < 1 || Math.max(target.height, target.width) > MAX_RESIZED_SIDE) {
    throw unprocessable('an image that is less narrow', image);
  }
  const fits = target.height === size.height && target.width === size.width;
  if (!centerCrop && !fits) {
    if (resize !== null) throw unprocessable('a square image for a model that keeps the aspect ratio', image);
    throw unprocessable(`an image of ${size.width} x ${size.height} px for a model that does not resize`, image);
  }
  const rows = cropSpan(target.height, size.height);
  const columns = cropSpan(target.width, size.width);
  const window = { left: columns.from, top: rows.from, width: columns.count, height: rows.count };
  const pixels = resample(image, target.width, target.height, filter, window);
  const { channels } = image;
  if (rows.count === size.height && columns.count === size.width) return { ...size, channels, pixels };
  const padded = new Uint8Array(size.height * size.width * channels);
  for (let row = 0; row < rows.count; row++) {
    const from = row * columns.count * channels;
    const to = ((rows.to + row) * size.width + columns.to) * channels;
    padded.set(pixels.subarray(from, from + columns.count * channels), to);
  }
  return { ...size, channels, pixels: padded };
};

/**
 * The model's input from a decoded image: u8 `[1, height, width, 3]` NHWC of `inputSize`, RGB, 0..255, equal byte for byte
 * to what the Pillow-based image processor has before it rescales and normalises (the graph does both; padding is black
 * before that, not 0 after it). Grey is resized once and replicated, which gives the same bytes in a third of the time.
 * Never writes to the image.
 * @throws UNREADABLE_IMAGE when the image has a size that this model's processor makes no input of: its format is fine
 * (so not 415) and it may well be smaller (so not 413), but this model cannot process it
 */
export const imageToPixels = (image: Raster, config: ImageProcessorConfig): Uint8Array => {
  const { pixels, channels } = resizeAndCrop(image, config);
  return channels === 1 ? replicate(pixels) : pixels;
};
