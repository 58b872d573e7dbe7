import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointSource } from '../../lib/core/compiler-ports';
import { SulcusError } from '../../lib/core/errors';
import { sha256Hex } from '../../lib/core/scan-ids';

/** A seeded random ViT small enough for every test: hidden 32, two layers, two heads, patch 8, image 32, four labels. */
export interface TinyVitOptions {
  readonly seed?: number;
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** Tensor names of the Hub's files, or those of transformers 5's modules. */
  readonly naming?: 'classic' | 'modules';
  /** What follows the base model; without a classifier the architecture is ViTModel. Default: a classifier. */
  readonly head?: 'classifier' | 'classifier and pooler' | 'pooler' | 'none';
  /** False for the names of a file saved from a bare ViTModel, which don't begin with `vit.`. */
  readonly prefixed?: boolean;
  /** Channels of 40 times the others' activations, read by small weights, as large trained models have them. */
  readonly outlierChannels?: number;
  /** Merged into config.json; null removes a key. Sizes here shape the weights too. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly processor?: Readonly<Record<string, unknown>>;
}

export interface TinyTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export const TINY_CONFIG = {
  architectures: ['ViTForImageClassification'],
  model_type: 'vit',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  image_size: 32,
  patch_size: 8,
  num_channels: 3,
  qkv_bias: true,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-6,
  problem_type: 'single_label_classification',
  id2label: { 0: 'amber', 1: 'birch', 2: 'cedar', 3: 'dune' },
};

export const TINY_PROCESSOR = {
  image_processor_type: 'ViTImageProcessor',
  do_resize: true,
  size: { height: 32, width: 32 },
  resample: 2,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

const without = (object: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

/** Numbers in [0, 1); mulberry32. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
};

export const tinyConfig = (options: TinyVitOptions = {}): Record<string, unknown> =>
  without({
    ...TINY_CONFIG,
    ...(hasClassifier(options) ? {} : { architectures: ['ViTModel'], id2label: null, problem_type: null }),
    ...options.config,
  });

const hasClassifier = ({ head = 'classifier' }: TinyVitOptions): boolean => head.startsWith('classifier');

/** Height and width of a size in config.json. */
export const sidesOf = (size: unknown): readonly [number, number] =>
  Array.isArray(size) ? [Number(size[0]), Number(size[1])] : [Number(size), Number(size)];

/** Weights large enough that logits differ between images; by classic names, in file order. */
export const tinyTensors = (options: TinyVitOptions = {}): Map<string, TinyTensor> => {
  const config: Record<string, unknown> = { ...TINY_CONFIG, ...options.config };
  const hidden = Number(config.hidden_size);
  const mlp = Number(config.intermediate_size);
  const [patchRows, patchColumns] = sidesOf(config.patch_size);
  const [height, width] = sidesOf(config.image_size);
  const tokens = 1 + Math.floor(height / patchRows) * Math.floor(width / patchColumns);
  const labels = Object.keys(config.id2label as object).length;
  const random = seededRandom(options.seed ?? 1);
  const tensors = new Map<string, TinyTensor>();
  const add = (name: string, shape: number[], deviation: number, mean = 0): void => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return mean + deviation * normal;
    });
    tensors.set(name, { shape, values });
  };
  const linear = (name: string, rows: number, columns: number, bias = true): void => {
    if (bias) add(`${name}.bias`, [rows], 0.1);
    add(`${name}.weight`, [rows, columns], 1 / Math.sqrt(columns));
  };
  const norm = (name: string): void => {
    add(`${name}.bias`, [hidden], 0.1);
    add(`${name}.weight`, [hidden], 0.2, 1);
  };
  if (hasClassifier(options)) linear('classifier', labels, hidden);
  add('vit.embeddings.cls_token', [1, 1, hidden], 1);
  add('vit.embeddings.patch_embeddings.projection.bias', [hidden], 0.1);
  add(
    'vit.embeddings.patch_embeddings.projection.weight',
    [hidden, 3, patchRows, patchColumns],
    1 / Math.sqrt(3 * patchRows * patchColumns),
  );
  add('vit.embeddings.position_embeddings', [1, tokens, hidden], 0.3);
  for (let layer = 0; layer < Number(config.num_hidden_layers); layer++) {
    const prefix = `vit.encoder.layer.${layer}`;
    for (const part of ['key', 'query', 'value']) {
      linear(`${prefix}.attention.attention.${part}`, hidden, hidden, config.qkv_bias !== false);
    }
    linear(`${prefix}.attention.output.dense`, hidden, hidden);
    linear(`${prefix}.intermediate.dense`, mlp, hidden);
    norm(`${prefix}.layernorm_after`);
    norm(`${prefix}.layernorm_before`);
    linear(`${prefix}.output.dense`, hidden, mlp);
  }
  norm('vit.layernorm');
  if (options.head?.endsWith('pooler')) linear('vit.pooler.dense', Number(config.pooler_output_size ?? hidden), hidden);
  addOutliers(tensors, options.outlierChannels ?? 0);
  if (options.prefixed !== false) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.replace(/^vit\./, ''), tensor]));
};

/** Gains of 40, and weights that read those channels a twentieth: large activations of ordinary effect. */
const addOutliers = (tensors: ReadonlyMap<string, TinyTensor>, channels: number): void => {
  for (const [name, { shape, values }] of tensors) {
    const isGain = /layernorm_(before|after)\.weight$/.test(name);
    const isReader = /(attention\.attention\.\w+|intermediate\.dense)\.weight$/.test(name);
    const [, columns = 1] = shape;
    for (let channel = 0; channel < channels; channel++) {
      if (isGain) values[channel * 7] = 40;
      for (let row = 0; isReader && row < values.length / columns; row++) {
        values[row * columns + channel * 7] = (values[row * columns + channel * 7] as number) / 20;
      }
    }
  }
};

/** As `state_dict()` of transformers 5 has them. */
const moduleName = (name: string): string =>
  name
    .replace('encoder.layer.', 'layers.')
    .replace('attention.attention.query', 'attention.q_proj')
    .replace('attention.attention.key', 'attention.k_proj')
    .replace('attention.attention.value', 'attention.v_proj')
    .replace('attention.output.dense', 'attention.o_proj')
    .replace('intermediate.dense', 'mlp.fc1')
    .replace('output.dense', 'mlp.fc2');

const encodeValues = (values: Float32Array, dtype: 'F32' | 'F16' | 'BF16'): Uint8Array => {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer);
  const bits = new Uint32Array(values.slice().buffer);
  const halves = dtype === 'BF16' ? bits.map((word) => word >>> 16) : bits.map(toHalf);
  return new Uint8Array(Uint16Array.from(halves).buffer);
};

/** float32 bits to F16 bits by truncation; what is too small becomes zero. Test weights have no Infinity. */
const toHalf = (bits: number): number => {
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const sign = (bits >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
};

/** A safetensors file of these tensors. */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, TinyTensor>,
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): Uint8Array => {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    const bytes = encodeValues(values, dtype);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  return frameSafetensors(JSON.stringify(header), ...parts);
};

/** Length, header and data, whatever the header says. */
export const frameSafetensors = (header: string, ...data: readonly Uint8Array[]): Uint8Array => {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Buffer.concat([length, text, ...data]);
};

/** The files of a tiny checkpoint, in memory. */
export const tinyCheckpoint = (options: TinyVitOptions = {}): Map<string, Uint8Array> => {
  const tensors = [...tinyTensors(options)].map(
    ([name, tensor]) => [options.naming === 'modules' ? moduleName(name) : name, tensor] as const,
  );
  const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  return new Map([
    ['config.json', json(tinyConfig(options))],
    ['model.safetensors', encodeSafetensors(new Map(tensors), options.dtype)],
    ['preprocessor_config.json', json(without({ ...TINY_PROCESSOR, ...options.processor }))],
  ]);
};

/** Files in memory as the compiler reads a checkpoint. */
export const memorySource = (files: ReadonlyMap<string, Uint8Array>, name = 'tiny-vit'): CheckpointSource => ({
  name,
  list: async () => [...files.keys()],
  open: async (file) => {
    const bytes = files.get(file);
    if (bytes === undefined) throw new SulcusError('CHECKPOINT_INVALID', `expected a file ${file}, received none`);
    return {
      sizeBytes: bytes.length,
      read: async (offset, length) => bytes.slice(offset, offset + length),
      sha256: () => sha256Hex(bytes),
      close: async () => {},
    };
  },
});

/** Writes a tiny checkpoint folder, as `sulcus compile` takes it. */
export const writeTinyCheckpoint = async (folder: string, options: TinyVitOptions = {}): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of tinyCheckpoint(options)) await writeFile(join(folder, name), bytes);
};
