import { parseVitConfig } from '../../../../lib/compiler/architectures/vit/config';
import { TINY_CONFIG } from '../../../support/tiny-vit';

/** config.json of google/vit-base-patch16-224-in21k on the Hub. */
const IN21K = {
  architectures: ['ViTModel'],
  attention_probs_dropout_prob: 0.0,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.0,
  hidden_size: 768,
  image_size: 224,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  model_type: 'vit',
  num_attention_heads: 12,
  num_channels: 3,
  num_hidden_layers: 12,
  patch_size: 16,
  qkv_bias: true,
  transformers_version: '4.13.0.dev0',
};

const headless = (changes: object = {}) => parseVitConfig({ ...IN21K, ...changes });

test('a ViTModel has no labels, whatever its config says of them', () => {
  expect(headless()).toMatchObject({ labels: [], poolerSize: 768, layers: 12, grid: { height: 14, width: 14 } });
  expect(headless({ id2label: { 0: 'a' }, problem_type: 'regression' }).labels).toEqual([]);
});

test('a config that names both architectures is one with a classifier', () => {
  expect(headless({ architectures: ['ViTModel', 'ViTForImageClassification'], num_labels: 3 }).labels).toHaveLength(3);
});

test('the size of the pooler is read, and 0 or null is the hidden size, as in transformers', () => {
  expect(headless({ pooler_output_size: 512, pooler_act: 'tanh' }).poolerSize).toBe(512);
  expect(headless({ pooler_output_size: null, pooler_act: null }).poolerSize).toBe(768);
  expect(headless({ pooler_output_size: 0 }).poolerSize).toBe(768);
});

test('another activation of the pooler is refused where there is one', () => {
  expect(() => headless({ pooler_act: 'relu' })).toThrow(
    expect.objectContaining({
      code: 'ARCHITECTURE_UNSUPPORTED',
      message: 'expected "tanh" for pooler_act of config.json, received "relu"',
    }),
  );
  expect(parseVitConfig({ ...TINY_CONFIG, pooler_act: 'relu' }).labels).toHaveLength(4);
});

test('21 843 labels are read', () => {
  const id2label = Object.fromEntries(Array.from({ length: 21_843 }, (_, index) => [index, `class ${index}`]));

  expect(parseVitConfig({ ...TINY_CONFIG, id2label }).labels[21_842]).toBe('class 21842');
});

describe('another image size', () => {
  test('changes the grid; positions stay for their own', () => {
    const config = parseVitConfig(TINY_CONFIG, { imageSize: { height: 64, width: 44 } });

    expect(config).toMatchObject({
      imageSize: { height: 64, width: 44 },
      grid: { height: 8, width: 5 },
      positionGrid: { height: 4, width: 4 },
    });
  });

  test('that leaves the grid as it is needs no square one', () => {
    const oblong = { ...TINY_CONFIG, image_size: [32, 48] };

    expect(parseVitConfig(oblong, { imageSize: { height: 36, width: 48 } }).grid).toEqual({ height: 4, width: 6 });
  });

  test('is refused where transformers would mix the positions up', () => {
    const oblong = { ...TINY_CONFIG, image_size: [32, 48] };

    expect(() => parseVitConfig(oblong, { imageSize: { height: 48, width: 48 } })).toThrow(
      expect.objectContaining({
        code: 'ARCHITECTURE_UNSUPPORTED',
        message: expect.stringMatching(/square.*image_size.*\[32,48\]/),
      }),
    );
  });

  test.each([
    [{ height: 7, width: 32 }, 'CONFIG_INVALID', /8 \(a patch\) to 4096 for the height of the image size, received 7/],
    [{ height: 32, width: 4097 }, 'CONFIG_INVALID', /width.*received 4097/],
    [{ height: 32.5, width: 32 }, 'CONFIG_INVALID', /height.*received 32.5/],
    [{ height: 4096, width: 4096 }, 'ARCHITECTURE_UNSUPPORTED', /at most 16384 patches/],
  ])('%j is refused', (imageSize, code, message) => {
    expect(() => parseVitConfig(TINY_CONFIG, { imageSize })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
