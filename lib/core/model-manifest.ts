import { z } from 'zod';
import { calibrationSchema } from './calibration/calibration-schema';
import { trainedHeadSchema } from './linear/trained-head';
import { modelCardSchema } from './model-card';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits (SHA-256)');

/** Bundle-relative POSIX path: no absolute path, no `..`, so a manifest cannot point outside its folder. */
const bundlePath = z
  .string()
  .max(255)
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[A-Za-z0-9._/-]+$/, 'expected a relative path inside the bundle');

const outputName = z.string().nullable();

/**
 * Names of the graph's outputs. Bundles compiled when logits were the only one do not list the others, and are still
 * version 1: what they lack reads as null.
 */
const outputsSchema = z.strictObject({
  logits: outputName.meta({ description: 'float32 [1, labels]; null when the model has no classifier.' }),
  features: outputName
    .default(null)
    .meta({ description: 'float32 [1, hidden]: the [CLS] token after the final norm.' }),
  pooled: outputName.default(null).meta({ description: 'float32: tanh pooler of the features; null without one.' }),
  attention: outputName.default(null).meta({
    description: "float32 [1, heads, 1, 1 + patches]: the last layer's attention of the [CLS] token, itself first.",
  }),
});

const fieldsSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z
    .string()
    .max(128)
    .regex(/^[a-z0-9._-]+$/)
    .meta({ description: 'Model name, as in /models/{name}.' }),
  version: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9._+-]+$/)
    .meta({ description: 'Version of the weights, chosen when compiling.' }),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({ description: 'SHA-256 of the `sha256sum`-style list of files, sorted by path: identifies the bundle.' }),
  labels: z
    .array(z.string().min(1))
    .meta({ description: 'Label of each logit, in logit order (id2label); empty when the model has no classifier.' }),
  activation: z
    .enum(['softmax', 'sigmoid'])
    .meta({ description: 'How logits become scores; sigmoid for multi-label checkpoints and for a single label.' }),
  imageSize: z.strictObject({ height: z.int().positive(), width: z.int().positive() }),
  architecture: z.strictObject({
    modelType: z.literal('vit'),
    hiddenSize: z.int().positive(),
    layers: z.int().positive(),
    heads: z.int().positive(),
    patchSize: z.int().positive(),
    parameters: z.int().positive(),
  }),
  graph: z.strictObject({
    file: bundlePath,
    opset: z.int().positive(),
    input: z.strictObject({ name: z.string(), type: z.literal('uint8'), layout: z.literal('NHWC') }),
    outputs: outputsSchema,
    mergeTokens: z.int().positive().nullable().default(null).meta({
      description: 'Pairs of tokens that are merged in every layer but the last; null where none are.',
    }),
    skipBackground: z.int().min(0).max(254).nullable().default(null).meta({
      description:
        'Patches of which no pixel is brighter than this grey level are computed as one token; null where each is its own.',
    }),
  }),
  quantization: z.strictObject({
    scheme: z.enum(['int8', 'fp32']),
    weights: z.string(),
    activations: z.string(),
    smoothingAlpha: z.number().nullable(),
    largestPair: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .meta({
        description:
          'Largest sum of two neighbouring weights of one sign; with 128 or less no CPU saturates. Null where it has no ' +
          'limit: in older bundles, and in those without integer weights.',
      }),
    fp32Parts: z.array(z.string()),
  }),
  parity: z.strictObject({
    reference: z.string(),
    images: z.int().nonnegative(),
    imageKind: z.string(),
    maxLogitDifference: z.number().nonnegative().nullable(),
    meanLogitDifference: z.number().nonnegative().nullable(),
    top1Agreement: z.number().min(0).max(1).nullable(),
    clsCosine: z
      .number()
      .min(-1)
      .max(1)
      .nullable()
      .default(null)
      .meta({
        description:
          "Smallest cosine, over the images, between the [CLS] features of both graphs, without the final layer norm's " +
          'bias, which is the same in both. Null in bundles compiled before features were an output.',
      }),
    meanClsCosine: z.number().min(-1).max(1).nullable().default(null).meta({ description: 'Their mean.' }),
    bound: z.number().meta({
      description:
        'Largest maxLogitDifference that passes; without a classifier, or with one trained later, smallest clsCosine.',
    }),
    meanBound: z.number().nullable().default(null).meta({
      description:
        'Largest meanLogitDifference that passes; without a classifier, smallest meanClsCosine. Null in older bundles.',
    }),
    exceeded: z.boolean(),
  }),
  calibration: calibrationSchema.nullable().default(null).meta({
    description: 'What scores are calibrated by and when a scan abstains; null in a bundle that is not calibrated.',
  }),
  card: modelCardSchema.nullable().default(null).meta({
    description: 'What was trained on what, what it scores and on whom; null in a bundle without a model card.',
  }),
  head: trainedHeadSchema.nullable().default(null).meta({
    description:
      'How the classifier was trained on the features of another bundle; null where it came with the checkpoint.',
  }),
  source: z.strictObject({
    checkpoint: z.string(),
    dtype: z.enum(['fp32', 'fp16', 'bf16', 'mixed']),
    weightsSha256: sha256Hex,
    compiler: z.string(),
  }),
  files: z
    .array(z.strictObject({ path: bundlePath, sizeBytes: z.int().nonnegative(), sha256: sha256Hex }))
    .min(1)
    .meta({ description: 'Every file of the bundle but the manifest itself.' }),
});

/** The manifest of a model bundle (`manifest.json`): what it is, what made it, how exact it is, what it consists of. */
export const modelManifestSchema = fieldsSchema
  .refine(({ labels, calibration }) => (calibration?.bias ?? labels).length === labels.length, {
    error: 'expected a bias for every label',
  })
  .refine(({ labels, graph }) => labels.length > 0 === (graph.outputs.logits !== null), {
    error: 'expected labels if and only if the graph has logits',
  });

export type ModelManifest = z.infer<typeof modelManifestSchema>;
export type BundleFile = ModelManifest['files'][number];

/** Whether no CPU saturates: 255 times the sum of two weights fits 16 bits, see the compiler's pair-bound.ts. */
export const neverSaturates = ({
  quantization: { scheme, largestPair },
}: Pick<ModelManifest, 'quantization'>): boolean => scheme === 'fp32' || (largestPair !== null && largestPair <= 128);

export const MANIFEST_FILE = 'manifest.json';
/** Where further bundles are staged in the folder of the main one: `also/0`, `also/1` and so on. */
export const BESIDE_FOLDER = 'also';

/** The text whose SHA-256 is the bundle's digest: what `sha256sum` prints for the files, sorted by path. */
export const digestInput = (files: readonly BundleFile[]): string =>
  [...files]
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map((file) => `${file.sha256}  ${file.path}\n`)
    .join('');
