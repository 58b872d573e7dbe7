import fc from 'fast-check';
import { parseVitConfig } from '../../../../lib/compiler/architectures/vit/config';
import { isSulcusError } from '../../../../lib/core/errors';
import { TINY_CONFIG } from '../../../support/tiny-vit';

const parse = (changes: Readonly<Record<string, unknown>> = {}) => parseVitConfig({ ...TINY_CONFIG, ...changes });

const errorOf = (json: unknown): unknown => {
  try {
    return parseVitConfig(json);
  } catch (error) {
    return error;
  }
};

test('the dimensions, the grid of patches and the labels in logit order are read', () => {
  expect(parse({ image_size: [48, 36] })).toEqual({
    hiddenSize: 32,
    intermediateSize: 64,
    layers: 2,
    heads: 2,
    imageSize: { height: 48, width: 36 },
    patchSize: { height: 8, width: 8 },
    grid: { height: 6, width: 4 },
    positionGrid: { height: 6, width: 4 },
    qkvBias: true,
    hiddenActivation: 'Gelu',
    layerNormEpsilon: 1e-6,
    labels: ['amber', 'birch', 'cedar', 'dune'],
    poolerSize: 32,
    activation: 'softmax',
  });
});

test('what the file leaves out, or sets to null, is what transformers takes then', () => {
  const config = parseVitConfig({ model_type: 'vit', qkv_bias: null, id2label: null });

  expect(config).toMatchObject({
    hiddenSize: 768,
    intermediateSize: 3072,
    layers: 12,
    heads: 12,
    imageSize: { height: 224, width: 224 },
    patchSize: { height: 16, width: 16 },
    qkvBias: true,
    hiddenActivation: 'Gelu',
    layerNormEpsilon: 1e-12,
    labels: ['LABEL_0', 'LABEL_1'],
  });
});

test('labels follow the number of their key, not the order of the file', () => {
  const id2label = JSON.parse(
    '{"10":"k","9":"j","0":"a","1":"b","2":"c","3":"d","4":"e","5":"f","6":"g","7":"h","8":"i"}',
  );

  expect(parse({ id2label }).labels.join('')).toBe('abcdefghijk');
  expect(parse({ id2label: undefined, num_labels: 3 }).labels).toEqual(['LABEL_0', 'LABEL_1', 'LABEL_2']);
});

test.each([
  [{}, 'softmax'],
  [{ problem_type: null }, 'softmax'],
  [{ problem_type: 'multi_label_classification' }, 'sigmoid'],
  [{ id2label: { 0: 'only' } }, 'sigmoid'],
])('%j gives scores by %s', (changes, activation) => {
  expect(parse(changes).activation).toBe(activation);
});

test.each([
  ['gelu', 'Gelu'],
  ['gelu_python', 'Gelu'],
  ['gelu_new', 'FastGelu'],
  ['gelu_fast', 'FastGelu'],
  ['gelu_pytorch_tanh', 'FastGelu'],
  ['quick_gelu', 'QuickGelu'],
  ['relu', 'Relu'],
])('hidden_act %s is computed by %s', (name, opType) => {
  expect(parse({ hidden_act: name }).hiddenActivation).toBe(opType);
});

test.each([
  ['model_type', 'swin', '"vit"'],
  ['model_type', 'deit', '"vit"'],
  ['architectures', ['ViTMAEForPreTraining'], '["ViTForImageClassification"] or ["ViTModel"]'],
  ['architectures', ['ViTForMaskedImageModeling'], '["ViTForImageClassification"] or ["ViTModel"]'],
  ['architectures', 'ViTForImageClassification', 'ViTForImageClassification'],
  ['num_channels', 1, '3'],
  ['hidden_act', 'silu', 'quick_gelu, relu'],
  ['hidden_act', 'toString', 'gelu'],
  ['problem_type', 'regression', 'multi_label_classification'],
  ['quantization_config', { quant_method: 'bitsandbytes' }, 'fp16'],
  ['head_dim', 8, 'hidden_size / num_attention_heads'],
])('%s %j is refused with what is supported', (key, value, supported) => {
  const error = errorOf({ ...TINY_CONFIG, [key]: value });

  expect(error).toMatchObject({ code: 'ARCHITECTURE_UNSUPPORTED', message: expect.stringContaining(supported) });
  expect(error).toMatchObject({ message: expect.stringContaining(key) });
  expect(error).toMatchObject({ message: expect.stringContaining(JSON.stringify(value)) });
});

test.each([
  ['hidden_size', 0],
  ['hidden_size', '32'],
  ['hidden_size', 1e9],
  ['num_hidden_layers', 2.5],
  ['num_attention_heads', 3],
  ['image_size', [32]],
  ['image_size', 4],
  ['image_size', 1e6],
  ['patch_size', 'eight'],
  ['layer_norm_eps', -1],
  ['qkv_bias', 'yes'],
  ['id2label', {}],
  ['id2label', { 1: 'b', 2: 'c' }],
  ['id2label', { a: 'b' }],
  ['id2label', { 0: 7 }],
  ['id2label', ['a', 'b']],
])('%s %j is refused by name', (key, value) => {
  const error = errorOf({ ...TINY_CONFIG, [key]: value });

  const named = key === 'image_size' && value === 4 ? 'patch_size' : key;
  expect(error).toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: expect.stringContaining(`for ${named} of config.json`),
  });
});

test.each([0, 2.5, 'many', 1e9])('num_labels %j without id2label is refused', (value) => {
  const error = errorOf({ ...TINY_CONFIG, id2label: undefined, num_labels: value });

  expect(error).toMatchObject({ code: 'CHECKPOINT_INVALID', message: expect.stringContaining('num_labels') });
});

test('a file that is no object is refused', () => {
  expect(errorOf([])).toMatchObject({ code: 'CHECKPOINT_INVALID' });
  expect(errorOf(null)).toMatchObject({ code: 'CHECKPOINT_INVALID' });
});

test('whatever a config holds, it is read or refused with a short message of ours', () => {
  const keys = [...Object.keys(TINY_CONFIG), 'num_labels', 'head_dim', 'quantization_config', '__proto__'];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), fc.anything()), (changes) => {
      const result = errorOf({ ...TINY_CONFIG, ...changes });

      if (result instanceof Error) {
        expect(isSulcusError(result) && ['CHECKPOINT_INVALID', 'ARCHITECTURE_UNSUPPORTED'].includes(result.code)).toBe(
          true,
        );
        expect(result.message.length).toBeLessThan(500);
      } else expect(result).toHaveProperty('hiddenSize');
    }),
    { numRuns: 500 },
  );
});
