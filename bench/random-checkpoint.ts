import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../lib/compiler/probe-images';

/**
 * ViT checkpoints of the usual sizes with random weights, always the same ones: what a bench without downloads can have.
 * Plain normal weights would hide what quantization costs, so the recipe has what trained ViTs have: layer norm gains
 * that differ (log-normal, 0.4), attention that is peaked (queries and keys twice as large), and a few residual channels
 * far larger than the rest (four rows of the second layer's MLP output, times 12). Linear weights are normal with
 * variance 0.5 / inputs, everything else normal with 0.02. Goes up with the recipe: 1.
 */
export const RECIPE = 1;

const SHAPES = {
  ti: { hidden: 192, layers: 12, heads: 3 },
  s: { hidden: 384, layers: 12, heads: 6 },
  b: { hidden: 768, layers: 12, heads: 12 },
  l: { hidden: 1024, layers: 24, heads: 16 },
} as const;
export type ModelSize = keyof typeof SHAPES;
export const MODEL_SIZES = Object.keys(SHAPES) as ModelSize[];
export const MODEL_NAMES: Readonly<Record<ModelSize, string>> = {
  ti: 'ViT-Ti/16',
  s: 'ViT-S/16',
  b: 'ViT-B/16',
  l: 'ViT-L/16',
};

const IMAGE = 224;
const PATCH = 16;
const LABELS = ['Mild_Demented', 'Moderate_Demented', 'Non_Demented', 'Very_Mild_Demented'];
const OUTLIER_LAYER = 1;
const OUTLIER_CHANNELS = [5, 60, 101, 170];

type Normal = (deviation: number) => number;

/** Box and Muller, both halves used. */
const createNormal = (seed: number): Normal => {
  const random = createRandom(seed);
  let spare: number | undefined;
  return (deviation) => {
    if (spare !== undefined) {
      const value = spare * deviation;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle) * deviation;
  };
};

interface TensorPlan {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: (normal: Normal, index: number) => number;
}

const small = (name: string, shape: readonly number[]): TensorPlan => ({
  name,
  shape,
  value: (normal) => normal(0.02),
});

const norm = (name: string, size: number): TensorPlan[] => [
  { name: `${name}.weight`, shape: [size], value: (normal) => Math.exp(normal(0.4)) },
  small(`${name}.bias`, [size]),
];

const linear = (name: string, inputs: number, outputs: number, gain = (_row: number) => 1): TensorPlan[] => {
  const deviation = Math.sqrt(0.5 / inputs);
  return [
    {
      name: `${name}.weight`,
      shape: [outputs, inputs],
      value: (normal, index) => normal(deviation) * gain(Math.floor(index / inputs)),
    },
    small(`${name}.bias`, [outputs]),
  ];
};

const layerPlan = (index: number, hidden: number): TensorPlan[] => {
  const prefix = `vit.encoder.layer.${index}`;
  const attention = `${prefix}.attention.attention`;
  const outlier = (row: number) => (index === OUTLIER_LAYER && OUTLIER_CHANNELS.includes(row) ? 12 : 1);
  return [
    ...norm(`${prefix}.layernorm_before`, hidden),
    ...linear(`${attention}.query`, hidden, hidden, () => 2),
    ...linear(`${attention}.key`, hidden, hidden, () => 2),
    ...linear(`${attention}.value`, hidden, hidden),
    ...linear(`${prefix}.attention.output.dense`, hidden, hidden),
    ...norm(`${prefix}.layernorm_after`, hidden),
    ...linear(`${prefix}.intermediate.dense`, hidden, hidden * 4),
    ...linear(`${prefix}.output.dense`, hidden * 4, hidden, outlier),
  ];
};

const modelPlan = (size: ModelSize): TensorPlan[] => {
  const { hidden, layers } = SHAPES[size];
  const projection = 'vit.embeddings.patch_embeddings.projection';
  const deviation = Math.sqrt(0.5 / (3 * PATCH * PATCH));
  return [
    small('vit.embeddings.cls_token', [1, 1, hidden]),
    small('vit.embeddings.position_embeddings', [1, (IMAGE / PATCH) ** 2 + 1, hidden]),
    { name: `${projection}.weight`, shape: [hidden, 3, PATCH, PATCH], value: (normal) => normal(deviation) },
    small(`${projection}.bias`, [hidden]),
    ...Array.from({ length: layers }, (_, index) => layerPlan(index, hidden)).flat(),
    ...norm('vit.layernorm', hidden),
    ...linear('classifier', hidden, LABELS.length),
  ];
};

const elements = ({ shape }: TensorPlan): number => shape.reduce((a, b) => a * b, 1);

const writeWeights = (file: string, plan: readonly TensorPlan[], seed: number): void => {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const tensor of plan) {
    const end = offset + elements(tensor) * 4;
    header[tensor.name] = { dtype: 'F32', shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const normal = createNormal(seed);
  const descriptor = openSync(file, 'w');
  try {
    writeSync(descriptor, length);
    writeSync(descriptor, json);
    for (const tensor of plan) {
      const values = Float32Array.from({ length: elements(tensor) }, (_, index) => tensor.value(normal, index));
      writeSync(descriptor, Buffer.from(values.buffer));
    }
  } finally {
    closeSync(descriptor);
  }
};

const describe = (size: ModelSize) => {
  const { hidden, layers, heads } = SHAPES[size];
  const id2label = Object.fromEntries(LABELS.map((label, index) => [String(index), label]));
  const label2id = Object.fromEntries(LABELS.map((label, index) => [label, index]));
  return {
    architectures: ['ViTForImageClassification'],
    model_type: 'vit',
    hidden_size: hidden,
    intermediate_size: hidden * 4,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-12,
    qkv_bias: true,
    image_size: IMAGE,
    patch_size: PATCH,
    num_channels: 3,
    id2label,
    label2id,
    problem_type: 'single_label_classification',
  };
};

const PROCESSOR = {
  image_processor_type: 'ViTImageProcessor',
  do_resize: true,
  size: { height: IMAGE, width: IMAGE },
  resample: 2,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

/** Writes the checkpoint's three files; the weights last and by renaming, so that they stand for all being there. */
export const writeRandomCheckpoint = (size: ModelSize, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(describe(size), null, 2));
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(PROCESSOR, null, 2));
  const weights = join(folder, 'model.safetensors');
  writeWeights(`${weights}.part`, modelPlan(size), MODEL_SIZES.indexOf(size) + 1);
  renameSync(`${weights}.part`, weights);
};
