import type { TinyVitOptions } from '../support/tiny-vit';

/** Tiny checkpoints whose logits `make_transformers_logits.py` has transformers compute; by the name of the case. */
export const TRANSFORMERS_CASES: Readonly<Record<string, TinyVitOptions>> = {
  classic: {},
  modules: { naming: 'modules', seed: 2 },
  'f16-weights': { dtype: 'F16', seed: 3 },
  'bf16-weights': { dtype: 'BF16', seed: 4 },
  'no-qkv-bias': { config: { qkv_bias: false }, seed: 5 },
  'patch-16': { config: { patch_size: 16, num_hidden_layers: 3, num_attention_heads: 4 }, seed: 6 },
  'image-37': {
    config: { image_size: 37 },
    processor: { size: { height: 37, width: 37 } },
    seed: 7,
  },
  'one-layer-one-label': {
    config: { num_hidden_layers: 1, id2label: { 0: 'only' }, problem_type: null },
    seed: 8,
  },
  'no-rescale-no-normalize': { processor: { do_rescale: false, do_normalize: false }, seed: 9 },
  'no-normalize': { processor: { do_normalize: false }, seed: 10 },
  'odd-means': {
    processor: { image_mean: [0.485, 0.1, 0.9], image_std: [0.229, 0.9, 0.05], rescale_factor: 1 / 128 },
    seed: 11,
  },
  outliers: { outlierChannels: 3, seed: 12 },
  gelu_new: { config: { hidden_act: 'gelu_new' }, seed: 13 },
  gelu_fast: { config: { hidden_act: 'gelu_fast' }, seed: 14 },
  gelu_python: { config: { hidden_act: 'gelu_python' }, seed: 15 },
  gelu_python_tanh: { config: { hidden_act: 'gelu_python_tanh' }, seed: 16 },
  gelu_pytorch_tanh: { config: { hidden_act: 'gelu_pytorch_tanh' }, seed: 17 },
  quick_gelu: { config: { hidden_act: 'quick_gelu' }, seed: 18 },
  relu: { config: { hidden_act: 'relu' }, seed: 19 },
};

export const IMAGES = 3;

/** u8 [1, side, side, 3]; make_transformers_logits.py makes the same. */
export const parityImage = (index: number, side: number): Uint8Array =>
  Uint8Array.from(
    { length: side * side * 3 },
    (_, at) => (at * at * 7 + at * (13 + index) + index * 101 + (at >> 5) * 29) & 255,
  );
