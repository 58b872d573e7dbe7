import { probeImage } from '../../lib/compiler/probe-images';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { referenceLogits } from '../support/reference-vit';
import { importTinyVit, lowerTinyVit, runGraph } from '../support/tiny-graph';
import { type TinyVitOptions, tinyTensors } from '../support/tiny-vit';

/**
 * The graph rounds to float32 after every operator; sums here are of some hundred terms of size 1, and logits of size 1 to
 * 10, so that 1e-4 absolute is a hundred roundings.
 */
const TOLERANCE = 1e-4;

const IMAGES = [0, 1, 2, 5];

const variants: [string, TinyVitOptions][] = [
  ['the tiny checkpoint', {}],
  ['one layer', { config: { num_hidden_layers: 1 } }],
  ['four layers and four heads', { config: { num_hidden_layers: 4, num_attention_heads: 4 } }],
  ['no bias of queries, keys and values', { config: { qkv_bias: false } }],
  ['an image that the patches do not fill', { config: { image_size: 37, patch_size: 8 } }],
  ['one label', { config: { id2label: { 0: 'only' } } }],
  ['a large layer norm epsilon', { config: { layer_norm_eps: 0.1 } }],
  [
    'means and deviations per channel',
    { processor: { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] } },
  ],
  ['no normalisation', { processor: { do_normalize: false } }],
  ['neither rescaling nor normalisation', { processor: { do_normalize: false, do_rescale: false } }],
  ['outlier channels', { outlierChannels: 3 }],
  ...['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'quick_gelu', 'relu'].map(
    (hidden_act): [string, TinyVitOptions] => [hidden_act, { config: { hidden_act } }],
  ),
];

test.each(variants)('the fp32 graph gives the logits of a forward pass by hand: %s', async (_, options) => {
  const model = await importTinyVit(options);
  const { height: side } = model.config.imageSize;
  const images = IMAGES.map((index) => probeImage(index, side, side));
  const processor = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], ...options.processor };
  const normalizes = options.processor?.do_normalize !== false;

  const received = await runGraph(toFloatGraph(lowerTinyVit(model, options.processor)), images);

  images.forEach((image, index) => {
    const expected = referenceLogits(
      tinyTensors(options),
      {
        heads: model.config.heads,
        layers: model.config.layers,
        patchSize: model.config.patchSize.height,
        layerNormEpsilon: model.config.layerNormEpsilon,
        hiddenAct: String(options.config?.hidden_act ?? 'gelu'),
        mean: normalizes ? processor.image_mean : [0, 0, 0],
        std: normalizes ? processor.image_std : [1, 1, 1],
        rescaleFactor: options.processor?.do_rescale === false ? 1 : 1 / 255,
      },
      image,
      side,
    );
    expected.forEach((logit, label) => {
      expect(Math.abs(received[index]![label]! - logit)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(logit)));
    });
  });
});

test('the probe images give logits that differ, so that comparing graphs on them means something', async () => {
  const model = await importTinyVit();
  const images = IMAGES.map((index) => probeImage(index, 32, 32));

  const logits = await runGraph(toFloatGraph(lowerTinyVit(model)), images);

  const first = logits.map(([logit]) => logit!);
  expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(0.1);
});
