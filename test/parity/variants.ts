import type { TinyVitOptions } from '../support/tiny-vit';

/** Checkpoints whose logits by transformers are in transformers-logits.json. */
export const VARIANTS: Readonly<Record<string, TinyVitOptions>> = {
  plain: {},
  fp16: { dtype: 'F16' },
  bf16: { dtype: 'BF16' },
  modules: { naming: 'modules' },
  'no-qkv-bias': { config: { qkv_bias: false } },
  gelu_new: { config: { hidden_act: 'gelu_new' } },
  gelu_pytorch_tanh: { config: { hidden_act: 'gelu_pytorch_tanh' } },
  gelu_fast: { config: { hidden_act: 'gelu_fast' } },
  quick_gelu: { config: { hidden_act: 'quick_gelu' } },
  relu: { config: { hidden_act: 'relu' } },
  'large-epsilon': { config: { layer_norm_eps: 0.01 } },
  'one-label': { config: { id2label: { 0: 'only' }, problem_type: null } },
  'three-layers-four-heads': { config: { num_hidden_layers: 3, num_attention_heads: 4, hidden_size: 48 } },
  'cropped-patches': { config: { image_size: 37 }, processor: { size: 37 } },
  'imagenet-mean': { processor: { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] } },
  outliers: { outlierChannels: 3 },
  gelu_python: { config: { hidden_act: 'gelu_python' } },
  gelu_python_tanh: { config: { hidden_act: 'gelu_python_tanh' } },
  'large-patches': { config: { patch_size: 16 } },
  'no-normalization': { processor: { do_normalize: false } },
  'raw-pixels': { processor: { do_normalize: false, do_rescale: false } },
  'odd-channels': {
    processor: { image_mean: [0.485, 0.1, 0.9], image_std: [0.229, 0.9, 0.05], rescale_factor: 1 / 128 },
  },
};

/** Which probe images: MRI-like, noise, photographic. */
export const PARITY_IMAGES: readonly number[] = [0, 1, 2, 3];
