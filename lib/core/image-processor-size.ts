import { z } from 'zod';
import { SulcusError } from './errors';
import { showValue } from './show-value';

const KEY_SUBJECT = 'of preprocessor_config.json';

export const invalidKey = (key: string, expected: string, received: unknown): SulcusError =>
  new SulcusError(
    'CHECKPOINT_INVALID',
    `expected ${expected} for ${key} ${KEY_SUBJECT}, received ${showValue(received)}`,
  );

export const unsupportedKey = (key: string, expected: string, received: unknown): SulcusError =>
  new SulcusError(
    'ARCHITECTURE_UNSUPPORTED',
    `expected ${expected} for ${key} ${KEY_SUBJECT}, received ${showValue(received)}`,
  );

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** No model has been trained on larger inputs, and a larger one would be a slip of the pen that allocates gigabytes. */
const side = z.int().min(1).max(4096);
const SIDE = 'a whole number from 1 to 4096';

/** To exactly this size; or, keeping the aspect ratio, the shorter edge to `edge` unless the longer would pass `longest`. */
export const resizeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exact'), height: side, width: side }),
  z.strictObject({ kind: z.literal('shortest_edge'), edge: side, longest: side.nullable() }),
]);
export type Resize = z.infer<typeof resizeSchema>;

const RESIZES = `${SIDE}, { "height", "width" } of such, or { "shortest_edge" } perhaps with "longest_edge"`;

/** Sets of keys that transformers knows beside those of `resizeSchema`, and that no ViT is published with. */
const UNSUPPORTED_KEYS = ['longest_edge', 'max_height', 'max_width', 'min_pixels', 'max_pixels'];

/**
 * `size` as ViTImageProcessor reads it: a number is a square (the old feature extractors resized to one, too) unless
 * `default_to_square` is false; a pair is [height, width].
 */
export const parseResize = (value: unknown, missing: Size, defaultToSquare: boolean): Resize => {
  if (!defaultToSquare && side.safeParse(value).success) {
    return { kind: 'shortest_edge', edge: side.parse(value), longest: null };
  }
  const given = withoutNulls(value);
  if (given !== undefined && 'shortest_edge' in given) {
    const schema = z.strictObject({ shortest_edge: side, longest_edge: side.optional() });
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw invalidKey('size', RESIZES, value);
    return { kind: 'shortest_edge', edge: parsed.data.shortest_edge, longest: parsed.data.longest_edge ?? null };
  }
  if (given !== undefined && UNSUPPORTED_KEYS.some((key) => key in given)) throw unsupportedKey('size', RESIZES, value);
  return { kind: 'exact', ...parseExactSize('size', value, missing, RESIZES) };
};

/** A size that leaves nothing to the image: `crop_size`, or `size` of that kind. */
export const parseExactSize = (
  key: string,
  value: unknown,
  missing: Size | null,
  expected = `${SIDE}, or { "height", "width" } of such`,
): Size => {
  if (value === undefined || value === null) {
    if (missing === null) throw invalidKey(key, expected, null);
    return missing;
  }
  const square = side.safeParse(value);
  if (square.success) return { height: square.data, width: square.data };
  const pair = z.tuple([side, side]).safeParse(value);
  if (pair.success) return { height: pair.data[0], width: pair.data[1] };
  const parsed = z.strictObject({ height: side, width: side }).safeParse(withoutNulls(value));
  if (!parsed.success) throw invalidKey(key, expected, value);
  return parsed.data;
};

/** The entries of a JSON object; transformers reads null as "not given". */
const withoutNulls = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null))
    : undefined;

/** Halves to the even neighbour, as Python rounds. */
const roundHalfEven = (value: number): number => {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

/**
 * What an image of this size is resized to: transformers' get_resize_output_image_size and, with a longest edge,
 * get_size_with_aspect_ratio, division by division, since truncation shows their last bits.
 * @returns sides that may be 0 when the image is extremely narrow
 */
export const resizedSize = ({ height, width }: Size, resize: Resize): Size => {
  if (resize.kind === 'exact') return { height: resize.height, width: resize.width };
  const [short, long] = width <= height ? [width, height] : [height, width];
  let { edge } = resize;
  let exactEdge = edge;
  if (resize.longest !== null && (long / short) * edge > resize.longest) {
    exactEdge = (resize.longest * short) / long;
    edge = roundHalfEven(exactEdge);
  }
  if (resize.longest !== null && short === edge) return { height, width };
  const longer = Math.trunc((exactEdge * long) / short);
  return width <= height ? { height: longer, width: edge } : { height: edge, width: longer };
};
