import { z } from 'zod';
import { SulcusError } from '../../../core/errors';
import { showValue } from '../../../core/show-value';

/** How the MLP's activation is computed in ONNX; transformers has several names for the tanh form. */
const HIDDEN_ACTIVATIONS = {
  gelu: 'Gelu',
  gelu_python: 'Gelu',
  gelu_new: 'FastGelu',
  gelu_fast: 'FastGelu',
  gelu_pytorch_tanh: 'FastGelu',
  gelu_python_tanh: 'FastGelu',
  quick_gelu: 'QuickGelu',
  relu: 'Relu',
} as const;
export type HiddenActivation = (typeof HIDDEN_ACTIVATIONS)[keyof typeof HIDDEN_ACTIVATIONS];

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

export interface VitConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** The size compiled for: the checkpoint's own unless another was asked for. */
  readonly imageSize: ImageSize;
  readonly patchSize: ImageSize;
  /** Patches per column and per row; what is left of the image is cropped, as the convolution does. */
  readonly grid: ImageSize;
  /** The grid of the checkpoint's own image size, which its position embeddings are for. */
  readonly positionGrid: ImageSize;
  readonly qkvBias: boolean;
  readonly hiddenActivation: HiddenActivation;
  readonly layerNormEpsilon: number;
  /** Label of each logit, in logit order; empty when the checkpoint has no classifier (ViTModel), and only then. */
  readonly labels: readonly string[];
  /** Size of what the pooler gives, if the checkpoint turns out to have one. */
  readonly poolerSize: number;
  readonly activation: 'softmax' | 'sigmoid';
}

/**
 * Attention compares every patch with every other: 16 384 are a gigabyte per head, and a small file can announce more.
 * The largest ViTs have some 1 400 (518 px in patches of 14).
 */
const MAX_PATCHES = 16_384;

const count = (maximum: number) => z.int().min(1).max(maximum);
const side = count(4096);
/** transformers takes one number or [height, width]. */
const area = z.union([
  side.transform((value) => ({ height: value, width: value })),
  z.tuple([side, side]).transform(([height, width]) => ({ height, width })),
]);

/** Defaults are ViTConfig's of transformers; the maxima only keep a slip of the pen from allocating gigabytes. */
const dimensionsSchema = z.object({
  hidden_size: count(16_384).default(768),
  intermediate_size: count(65_536).default(3072),
  num_hidden_layers: count(256).default(12),
  num_attention_heads: count(256).default(12),
  image_size: area.default({ height: 224, width: 224 }),
  patch_size: area.default({ height: 16, width: 16 }),
  layer_norm_eps: z.number().min(0).max(1).default(1e-12),
  qkv_bias: z.boolean().default(true),
  /** transformers takes 0 for "not given". */
  pooler_output_size: z.int().min(0).max(16_384).default(0),
});

const labelsSchema = z.record(z.string().regex(/^\d+$/, 'expected whole numbers as keys'), z.string().min(1));

const unsupported = (key: string, value: unknown, supported: string): SulcusError =>
  new SulcusError(
    'ARCHITECTURE_UNSUPPORTED',
    `expected ${supported} for ${key} of config.json, received ${showValue(value)}`,
  );

const invalid = (key: string, value: unknown, expected: string): SulcusError =>
  new SulcusError('CHECKPOINT_INVALID', `expected ${expected} for ${key} of config.json, received ${showValue(value)}`);

export interface ParseOptions {
  /** Size to compile for instead of `image_size`; position embeddings are then interpolated. */
  readonly imageSize?: ImageSize;
}

/**
 * Reads the `config.json` of a Hugging Face ViTForImageClassification or ViTModel.
 * @throws ARCHITECTURE_UNSUPPORTED for what transformers can run and this compiler cannot, CHECKPOINT_INVALID for
 * values that cannot be; both name the key, the value and what is expected. CONFIG_INVALID for an impossible `imageSize`
 */
export const parseVitConfig = (json: unknown, { imageSize }: ParseOptions = {}): VitConfig => {
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  if (!parsed.success) throw new SulcusError('CHECKPOINT_INVALID', 'expected a JSON object for config.json');
  const file = parsed.data;
  const isHeadless = requireSupported(file);
  const dimensions = parseDimensions(file);
  const labels = isHeadless ? [] : parseLabels(file);
  const { hidden_size: hiddenSize, num_attention_heads: heads } = dimensions;
  if (hiddenSize % heads !== 0) {
    throw invalid('num_attention_heads', heads, `a divisor of hidden_size ${hiddenSize}`);
  }
  const sizes = parseSizes(file, dimensions, imageSize);
  return {
    hiddenSize,
    intermediateSize: dimensions.intermediate_size,
    layers: dimensions.num_hidden_layers,
    heads,
    ...sizes,
    qkvBias: dimensions.qkv_bias,
    hiddenActivation: parseHiddenActivation(file.hidden_act ?? 'gelu'),
    layerNormEpsilon: dimensions.layer_norm_eps,
    labels,
    poolerSize: dimensions.pooler_output_size || hiddenSize,
    activation: file.problem_type === 'multi_label_classification' || labels.length === 1 ? 'sigmoid' : 'softmax',
  };
};

const ARCHITECTURES = ['ViTForImageClassification', 'ViTModel'] as const;

/** @returns whether the model has no classifier */
const requireSupported = (file: Readonly<Record<string, unknown>>): boolean => {
  if (file.model_type !== 'vit') throw unsupported('model_type', file.model_type, '"vit"');
  const architectures = file.architectures ?? [ARCHITECTURES[0]];
  const known = Array.isArray(architectures) ? ARCHITECTURES.find((name) => architectures.includes(name)) : undefined;
  if (known === undefined) {
    throw unsupported('architectures', architectures, ARCHITECTURES.map((name) => `["${name}"]`).join(' or '));
  }
  const isHeadless = known === 'ViTModel';
  if ((file.num_channels ?? 3) !== 3) throw unsupported('num_channels', file.num_channels, '3');
  const { quantization_config: quantization = null } = file;
  if (quantization !== null)
    throw unsupported('quantization_config', quantization, 'none (fp32, fp16 or bf16 weights)');
  const problems = ['single_label_classification', 'multi_label_classification'];
  const problem = file.problem_type ?? problems[0];
  if (!isHeadless && (typeof problem !== 'string' || !problems.includes(problem))) {
    throw unsupported('problem_type', problem, `${problems.join(' or ')}`);
  }
  if (isHeadless && (file.pooler_act ?? 'tanh') !== 'tanh') throw unsupported('pooler_act', file.pooler_act, '"tanh"');
  const { head_dim: headSize = null, hidden_size: hiddenSize = 768, num_attention_heads: heads = 12 } = file;
  if (headSize !== null && headSize !== Number(hiddenSize) / Number(heads)) {
    throw unsupported('head_dim', headSize, 'hidden_size / num_attention_heads');
  }
  return isHeadless;
};

const gridOf = (image: ImageSize, patch: ImageSize): ImageSize => ({
  height: Math.floor(image.height / patch.height),
  width: Math.floor(image.width / patch.width),
});

const parseSizes = (
  file: Readonly<Record<string, unknown>>,
  { image_size: ownSize, patch_size: patchSize }: z.output<typeof dimensionsSchema>,
  asked: ImageSize | undefined,
): Pick<VitConfig, 'imageSize' | 'patchSize' | 'grid' | 'positionGrid'> => {
  const positionGrid = gridOf(ownSize, patchSize);
  if (positionGrid.height < 1 || positionGrid.width < 1)
    throw invalid('patch_size', file.patch_size, 'at most image_size');
  const imageSize = asked === undefined ? ownSize : parseImageSize(asked, patchSize);
  const grid = gridOf(imageSize, patchSize);
  if (grid.height * grid.width > MAX_PATCHES || positionGrid.height * positionGrid.width > MAX_PATCHES) {
    throw unsupported('patch_size', file.patch_size ?? 16, `at most ${MAX_PATCHES} patches in an image`);
  }
  const isInterpolated = grid.height !== positionGrid.height || grid.width !== positionGrid.width;
  if (isInterpolated && positionGrid.height !== positionGrid.width) {
    // transformers takes the root of the number of positions for both sides, which mixes up any other grid.
    throw unsupported('image_size', file.image_size, 'a square number of patches to interpolate the positions of');
  }
  return { imageSize, patchSize, grid, positionGrid };
};

const parseImageSize = (asked: ImageSize, patchSize: ImageSize): ImageSize => {
  for (const axis of ['height', 'width'] as const) {
    const parsed = z.int().min(patchSize[axis]).max(4096).safeParse(asked[axis]);
    if (!parsed.success) {
      throw new SulcusError(
        'CONFIG_INVALID',
        `expected ${patchSize[axis]} (a patch) to 4096 for the ${axis} of the image size, received ${showValue(asked[axis])}`,
      );
    }
  }
  return { height: asked.height, width: asked.width };
};

const parseDimensions = (file: Readonly<Record<string, unknown>>): z.output<typeof dimensionsSchema> => {
  const given = Object.fromEntries(Object.entries(file).filter(([, value]) => value !== null));
  const parsed = dimensionsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = String(issue?.path[0]);
  throw invalid(
    key,
    file[key],
    issue?.code === 'invalid_union' ? 'a size or [height, width]' : describe(issue?.message),
  );
};

/** zod says "Invalid input: expected int, received string"; the received part is told from the file itself. */
const describe = (message = ''): string => /expected (.*?)(?:, received.*)?$/.exec(message)?.[1] ?? message;

const parseLabels = (file: Readonly<Record<string, unknown>>): string[] => {
  const { id2label = null, num_labels: announced = null } = file;
  if (id2label === null) {
    const parsed = z
      .int()
      .min(1)
      .max(1_000_000)
      .safeParse(announced ?? 2);
    if (!parsed.success) throw invalid('num_labels', announced, 'a whole number of at least 1');
    return Array.from({ length: parsed.data }, (_, index) => `LABEL_${index}`);
  }
  const parsed = labelsSchema.safeParse(id2label);
  const labels = parsed.success
    ? Array.from({ length: Object.keys(parsed.data).length }, (_, i) => parsed.data[i])
    : [];
  if (labels.length === 0 || !labels.every((label) => label !== undefined)) {
    throw invalid('id2label', id2label, 'a label for every whole number from 0');
  }
  return labels;
};

const parseHiddenActivation = (name: unknown): HiddenActivation => {
  const known = Object.entries(HIDDEN_ACTIVATIONS).find(([key]) => key === name);
  if (known === undefined) throw unsupported('hidden_act', name, Object.keys(HIDDEN_ACTIVATIONS).join(', '));
  return known[1];
};
