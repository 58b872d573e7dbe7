import type { ImageSize } from '../../lib/compiler/architectures/vit/config';
import type { TinyVitOptions } from '../support/tiny-vit';

export interface Variant extends TinyVitOptions {
  /** Size compiled for, if not the checkpoint's own. */
  readonly imageSize?: ImageSize;
  /** Size of the images that the processor is given, if not that of the model's input. */
  readonly scan?: ImageSize;
}

/** Checkpoints whose outputs by transformers are in transformers-outputs.json. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
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
  'bare-with-pooler': { head: 'pooler', prefixed: false },
  'bare-without-pooler': { head: 'none', prefixed: false },
  'bare-modules': { head: 'pooler', prefixed: false, naming: 'modules', config: { pooler_output_size: 24 } },
  'bare-prefixed': { head: 'pooler' },
  'classifier-and-pooler': { head: 'classifier and pooler' },
  'grown-positions': { imageSize: { height: 48, width: 48 } },
  'shrunk-positions': { imageSize: { height: 24, width: 24 } },
  'oblong-positions': { imageSize: { height: 40, width: 59 } },
  'grown-bare': {
    head: 'pooler',
    prefixed: false,
    imageSize: { height: 56, width: 40 },
    scan: { height: 61, width: 83 },
  },
  oblong: { config: { image_size: [40, 24] }, processor: { size: { height: 40, width: 24 } } },
  'oblong-patches': { config: { patch_size: [8, 16] } },
  'deit-crop': {
    processor: {
      image_processor_type: null,
      feature_extractor_type: 'DeiTFeatureExtractor',
      size: 37,
      crop_size: 32,
      resample: 3,
    },
    scan: { height: 90, width: 61 },
  },
  'shortest-edge': {
    processor: { size: { shortest_edge: 36 }, do_center_crop: true, crop_size: { height: 32, width: 32 } },
    scan: { height: 50, width: 81 },
  },
  'padded-crop': {
    processor: { do_resize: false, do_center_crop: true, crop_size: 32 },
    scan: { height: 19, width: 45 },
  },
  'grown-deit-crop': {
    imageSize: { height: 48, width: 48 },
    processor: { image_processor_type: 'DeiTImageProcessor', size: 36, crop_size: 32, resample: 1 },
    scan: { height: 64, width: 64 },
  },
};

/** Which probe images: MRI-like, noise, photographic. */
export const PARITY_IMAGES: readonly number[] = [0, 1, 2, 3];
