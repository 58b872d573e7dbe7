import type { TinyTensor } from './tiny-vit';

/**
 * A ViTForImageClassification forward pass written down from the paper in double precision, one number at a time: it
 * shares nothing with the compiler (no folding, no packing, no CLS shortcut), so that it can judge it.
 */
export interface ReferenceConfig {
  readonly heads: number;
  readonly layers: number;
  readonly patchSize: number;
  readonly layerNormEpsilon: number;
  readonly hiddenAct: string;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly rescaleFactor: number;
  /** Patches no brighter than this become their mean, which counts as often; the brightest one never does. */
  readonly skipBackground?: number;
  /** Pairs of tokens merged between attention and MLP of every layer but the last. */
  readonly mergeTokens?: number;
}

type Row = number[];
type Rows = Row[];

const activations: Record<string, (x: number) => number> = {
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  gelu_pytorch_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  gelu_fast: (x) => 0.5 * x * (1 + Math.tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  relu: (x) => Math.max(0, x),
};

/** Maclaurin series up to 3, then 1 less the asymptotic tail: 1e-12 or better where tests go. */
const erf = (x: number): number => {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};

export interface ReferenceOutputs {
  /** One per label. */
  readonly logits: number[];
  /** The CLS row after the final norm. */
  readonly features: number[];
  /** Per head, how the last layer's CLS token attends to every token; patches that became one share what it gets. */
  readonly attention: number[][];
}

/** @param pixels u8 [1, side, side, 3] @returns one logit per label */
export const referenceLogits = (...args: Parameters<typeof referenceOutputs>): number[] =>
  referenceOutputs(...args).logits;

/** @param pixels u8 [1, side, side, 3] */
export const referenceOutputs = (
  tensors: ReadonlyMap<string, TinyTensor>,
  config: ReferenceConfig,
  pixels: Uint8Array,
  side: number,
): ReferenceOutputs => {
  const get = (name: string): TinyTensor => tensors.get(name)!;
  const linear = (rows: Rows, name: string): Rows => {
    const { shape, values } = get(`${name}.weight`);
    const bias = tensors.get(`${name}.bias`)?.values;
    const [outSize, inSize] = shape as [number, number];
    return rows.map((row) =>
      Array.from({ length: outSize }, (_, o) =>
        row.reduce((sum, value, k) => sum + value * values[o * inSize + k]!, bias?.[o] ?? 0),
      ),
    );
  };
  const norm = (rows: Rows, name: string): Rows =>
    rows.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
      const scale = 1 / Math.sqrt(variance + config.layerNormEpsilon);
      return row.map((x, i) => (x - mean) * scale * get(`${name}.weight`).values[i]! + get(`${name}.bias`).values[i]!);
    });
  const add = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((x, j) => x + b[i]![j]!));

  const embedded = embed(get, config, pixels, side);
  const kept = keptTokens(config, pixels, side, embedded.length);
  const background = embedded.filter((_, token) => !kept.includes(token));
  let hidden = kept.map((token) => embedded[token]!);
  let attention: number[][] = [];
  let sizes = hidden.map(() => 1);
  if (config.skipBackground !== undefined) {
    const mean = embedded[0]!.map(
      (_, i) => background.reduce((sum, row) => sum + row[i]!, 0) / (background.length || 1),
    );
    hidden.splice(1, 0, mean);
    sizes.splice(1, 0, background.length || 1e-6);
  }
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `vit.encoder.layer.${layer}`;
    const before = norm(hidden, `${prefix}.layernorm_before`);
    const [q, k, v] = ['query', 'key', 'value'].map((part) =>
      linear(before, `${prefix}.attention.attention.${part}`),
    ) as [Rows, Rows, Rows];
    const { context, ofFirst } = attend(q, k, v, config.heads, sizes);
    attention = ofFirst;
    hidden = add(hidden, linear(context, `${prefix}.attention.output.dense`));
    if (config.mergeTokens !== undefined && layer < config.layers - 1) {
      [hidden, sizes] = mergeTokens(hidden, sizes, meanKeys(k, config.heads), config.mergeTokens);
    }
    const after = norm(hidden, `${prefix}.layernorm_after`);
    const activate = activations[config.hiddenAct]!;
    const inner = linear(after, `${prefix}.intermediate.dense`).map((row) => row.map(activate));
    hidden = add(hidden, linear(inner, `${prefix}.output.dense`));
  }
  const features = norm(hidden, 'vit.layernorm')[0]!;
  const spread = attention.map((weights) => {
    if (config.skipBackground === undefined) return weights;
    const [ofCls, ofBackground, ...ofKept] = weights as [number, number, ...number[]];
    const ofPatches = new Map(kept.slice(1).map((token, index) => [token, ofKept[index]!]));
    return embedded.map((_, token) =>
      token === 0 ? ofCls : (ofPatches.get(token) ?? ofBackground / background.length),
    );
  });
  return { logits: linear([features], 'classifier')[0]!, features, attention: spread };
};

const keptTokens = (
  { patchSize, skipBackground }: ReferenceConfig,
  pixels: Uint8Array,
  side: number,
  tokens: number,
): number[] => {
  const all = [...Array(tokens).keys()];
  if (skipBackground === undefined) return all;
  const grid = Math.floor(side / patchSize);
  const brightness = all.slice(1).map((token) => {
    let brightest = 0;
    for (let y = 0; y < patchSize; y++) {
      for (let x = 0; x < patchSize; x++) {
        const row = Math.floor((token - 1) / grid) * patchSize + y;
        const column = ((token - 1) % grid) * patchSize + x;
        for (let c = 0; c < 3; c++) brightest = Math.max(brightest, pixels[(row * side + column) * 3 + c]!);
      }
    }
    return brightest;
  });
  const largest = Math.max(...brightness);
  return all.filter((token) => {
    const value = brightness[token - 1];
    return value === undefined || value > skipBackground || value === largest;
  });
};

const embed = (
  get: (name: string) => TinyTensor,
  { patchSize, mean, std, rescaleFactor }: ReferenceConfig,
  pixels: Uint8Array,
  side: number,
): Rows => {
  const { shape, values: kernel } = get('vit.embeddings.patch_embeddings.projection.weight');
  const { values: bias } = get('vit.embeddings.patch_embeddings.projection.bias');
  const { values: positions } = get('vit.embeddings.position_embeddings');
  const hiddenSize = shape[0]!;
  const grid = Math.floor(side / patchSize);
  const rows: Rows = [[...get('vit.embeddings.cls_token').values]];
  for (let patch = 0; patch < grid * grid; patch++) {
    const [top, left] = [Math.floor(patch / grid) * patchSize, (patch % grid) * patchSize];
    rows.push(
      Array.from({ length: hiddenSize }, (_, o) => {
        let sum = bias[o]!;
        for (let c = 0; c < 3; c++) {
          for (let y = 0; y < patchSize; y++) {
            for (let x = 0; x < patchSize; x++) {
              const pixel = pixels[((top + y) * side + left + x) * 3 + c]!;
              const value = (pixel * rescaleFactor - mean[c]!) / std[c]!;
              sum += value * kernel[((o * 3 + c) * patchSize + y) * patchSize + x]!;
            }
          }
        }
        return sum;
      }),
    );
  }
  return rows.map((row, token) => row.map((x, i) => x + positions[token * hiddenSize + i]!));
};

const meanKeys = (keys: Rows, heads: number): Rows =>
  keys.map((key) => {
    const headSize = key.length / heads;
    return Array.from({ length: headSize }, (_, i) => {
      let sum = 0;
      for (let head = 0; head < heads; head++) sum += key[head * headSize + i]!;
      return sum / heads;
    });
  });

const cosine = (a: Row, b: Row): number => {
  const dot = (x: Row, y: Row): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** Bipartite soft matching, as in the paper: even tokens join odd ones, the CLS token (the first) never does. */
const mergeTokens = (rows: Rows, sizes: number[], keys: Rows, count: number): [Rows, number[]] => {
  const tokens = rows.map((row, index) => ({ row, size: sizes[index]!, key: keys[index]! }));
  const even = tokens.filter((_, index) => index % 2 === 0);
  const odd = tokens.filter((_, index) => index % 2 === 1);
  const matches = even.map(({ key }, index) => {
    const likeness = odd.map((other) => cosine(key, other.key));
    const best = Math.max(...likeness);
    return { index, partner: likeness.indexOf(best), best: index === 0 ? Number.NEGATIVE_INFINITY : best };
  });
  const moved = [...matches].sort((a, b) => b.best - a.best).slice(0, Math.min(count, even.length - 1));
  const joined = odd.map(({ row, size }, partner) => {
    const joining = moved.filter((match) => match.partner === partner).map(({ index }) => even[index]!);
    const total = joining.reduce((sum, other) => sum + other.size, size);
    const mean = row.map((x, i) => joining.reduce((sum, other) => sum + other.size * other.row[i]!, size * x) / total);
    return { row: mean, size: total };
  });
  const kept = even.filter((_, index) => moved.every((match) => match.index !== index));
  const all = [...kept, ...joined];
  return [all.map(({ row }) => row), all.map(({ size }) => size)];
};

const attend = (
  q: Rows,
  k: Rows,
  v: Rows,
  heads: number,
  sizes: readonly number[],
): { context: Rows; ofFirst: number[][] } => {
  const ofFirst: number[][] = [];
  const headSize = q[0]!.length / heads;
  const contexts = q.map((query, token) => {
    const context: Row = [];
    for (let head = 0; head < heads; head++) {
      const at = (row: Row, i: number): number => row[head * headSize + i]!;
      const indices = [...Array(headSize).keys()];
      const scores = k.map(
        (key, other) =>
          indices.reduce((s, i) => s + at(query, i) * at(key, i), 0) / Math.sqrt(headSize) + Math.log(sizes[other]!),
      );
      const max = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - max));
      const total = weights.reduce((a, b) => a + b, 0);
      if (token === 0) ofFirst.push(weights.map((weight) => weight / total));
      for (const i of indices) {
        context.push(v.reduce((sum, value, other) => sum + (weights[other]! / total) * at(value, i), 0));
      }
    }
    return context;
  });
  return { context: contexts, ofFirst };
};
