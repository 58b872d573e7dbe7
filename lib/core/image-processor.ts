import { z } from 'zod';
import { SulcusError } from './errors';
import { type Raster, resample, resampleFilters } from './resample';
import { showValue } from './show-value';

const channelTriple = z.tuple([z.number(), z.number(), z.number()]);

/** How an image becomes the model's input: resize to `size`, then `(pixel * rescaleFactor - imageMean) / imageStd`. */
export const imageProcessorConfigSchema = z.strictObject({
  size: z.strictObject({ height: z.int().positive(), width: z.int().positive() }),
  resample: z.enum(resampleFilters),
  doResize: z.boolean(),
  /** 1 when the model takes 0..255. */
  rescaleFactor: z.number().positive(),
  /** Of red, green and blue after rescaling; 0 and 1 when the model takes them unnormalised. */
  imageMean: channelTriple,
  imageStd: channelTriple,
});
export type ImageProcessorConfig = z.infer<typeof imageProcessorConfigSchema>;

interface ProcessorDefaults {
  readonly side: number;
  readonly resample: number;
  readonly centerCrop: boolean;
}

/** What transformers' ViTImageProcessor and DeiTImageProcessor take when the file does not say. */
const VIT_DEFAULTS: ProcessorDefaults = { side: 224, resample: 2, centerCrop: false };
const DEIT_DEFAULTS: ProcessorDefaults = { side: 256, resample: 3, centerCrop: true };

/** Class names without the suffixes transformers has given them over time. */
const PROCESSORS: ReadonlyMap<string, ProcessorDefaults> = new Map([
  ['ViT', VIT_DEFAULTS],
  ['DeiT', DEIT_DEFAULTS],
]);

const KEY_SUBJECT = 'of preprocessor_config.json';

const invalid = (key: string, expected: string, received: unknown): SulcusError =>
  new SulcusError(
    'CHECKPOINT_INVALID',
    `expected ${expected} for ${key} ${KEY_SUBJECT}, received ${showValue(received)}`,
  );

const unsupported = (key: string, expected: string, received: unknown): SulcusError =>
  new SulcusError(
    'ARCHITECTURE_UNSUPPORTED',
    `expected ${expected} for ${key} ${KEY_SUBJECT}, received ${showValue(received)}`,
  );

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
  if (!parsed.success) throw invalid(key, expected, value);
  return parsed.data;
};

/** No model has been trained on larger inputs, and a larger one would be a slip of the pen that allocates gigabytes. */
const side = z.int().min(1).max(4096);
const SIDE = 'a whole number from 1 to 4096';

/** Keys of `size` by which transformers keeps the aspect ratio; they win over height and width. */
const KEEPS_ASPECT = ['shortest_edge', 'longest_edge', 'max_height', 'max_width'];

const parseSize = (value: unknown, missing: number): ImageProcessorConfig['size'] => {
  const expected = `${SIDE}, or { "height", "width" } of such`;
  if (value === undefined || value === null) return { height: missing, width: missing };
  const square = side.safeParse(value);
  if (square.success) return { height: square.data, width: square.data };
  if (Array.isArray(value)) {
    // The old feature extractor read [width, height], its successor reads [height, width]: only a square is certain.
    const pair = z.tuple([side, side]).safeParse(value);
    if (!pair.success || pair.data[0] !== pair.data[1]) throw invalid('size', expected, value);
    return { height: pair.data[0], width: pair.data[0] };
  }
  if (typeof value !== 'object') throw invalid('size', expected, value);
  const given = Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
  if (KEEPS_ASPECT.some((key) => key in given)) {
    throw unsupported('size', `${expected} (a resize that keeps the aspect ratio is not supported)`, value);
  }
  const parsed = z.object({ height: side, width: side }).safeParse(given);
  if (!parsed.success) throw invalid('size', expected, value);
  return { height: parsed.data.height, width: parsed.data.width };
};

type Triple = ImageProcessorConfig['imageMean'];
const channels = (entry: z.ZodType<number>): z.ZodType<Triple> =>
  z.union([z.tuple([entry, entry, entry]), entry.transform((value): Triple => [value, value, value])]);

const parseProcessorName = (file: Readonly<Record<string, unknown>>) => {
  const key = 'image_processor_type' in file ? 'image_processor_type' : 'feature_extractor_type';
  const name = file[key] ?? undefined;
  if (name === undefined) return VIT_DEFAULTS;
  const known = PROCESSORS.get(String(name).replace(/(?:ImageProcessor(?:Fast|Pil)?|FeatureExtractor)$/, ''));
  if (typeof name === 'string' && known !== undefined) return known;
  throw unsupported(key, 'ViTImageProcessor, ViTFeatureExtractor or DeiTImageProcessor without its crop', name);
};

/**
 * Reads a Hugging Face `preprocessor_config.json`, of ViTImageProcessor or its older and newer names; what the file
 * leaves out is what transformers takes then. Keys that do not change the pixels are ignored.
 * @throws CHECKPOINT_INVALID for a value that cannot be, ARCHITECTURE_UNSUPPORTED for one that transformers would take
 * but we do not: other processors, a centre crop, padding, a resize that keeps the aspect ratio
 */
export const parseImageProcessor = (json: unknown): ImageProcessorConfig => {
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  if (!parsed.success) {
    throw new SulcusError('CHECKPOINT_INVALID', 'expected a JSON object for preprocessor_config.json');
  }
  const file = parsed.data;
  const defaults = parseProcessorName(file);
  const flag = (key: string, missing: boolean) => read(file, key, z.boolean(), 'true or false', missing);
  if (flag('do_center_crop', defaults.centerCrop)) throw unsupported('do_center_crop', 'false', true);
  if (flag('do_pad', false)) throw unsupported('do_pad', 'false', true);
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
  const normalize = flag('do_normalize', true);
  return {
    size: parseSize(file.size, defaults.side),
    resample: resampleFilters[filter] ?? 'bilinear',
    doResize: flag('do_resize', true),
    rescaleFactor: flag('do_rescale', true) ? factor : 1,
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
 * The model's input from a decoded image: u8 `[1, height, width, 3]` NHWC, RGB, 0..255, equal byte for byte to what the
 * Pillow-based ViTImageProcessor has before it rescales and normalises (the graph does both). Grey is resized once and
 * replicated, which gives the same bytes in a third of the time. Never writes to the image.
 * @throws UNREADABLE_IMAGE when `doResize` is false and the image has another size: its format is fine (so not 415) and
 * it may well be smaller (so not 413), but this model cannot process it
 */
export const imageToPixels = (image: Raster, config: ImageProcessorConfig): Uint8Array => {
  const { height, width } = config.size;
  if (!config.doResize && (image.height !== height || image.width !== width)) {
    throw new SulcusError(
      'UNREADABLE_IMAGE',
      `expected an image of ${width} x ${height} px for a model that does not resize, received ${image.width} x ${image.height} px`,
    );
  }
  const resized = resample(image, width, height, config.resample);
  return image.channels === 1 ? replicate(resized) : resized;
};
