import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { referenceOutputs } from '../support/reference-vit';
import { importTinyVit, lowerTinyVit, runGraphFor } from '../support/tiny-graph';
import { type TinyVitOptions, tinyTensors } from '../support/tiny-vit';

/** As in float-graph.test.ts. */
const TOLERANCE = 1e-4;

const IMAGES = [0, 1, 2, 5].map((index) => probeImage(index, 32, 32));

const reference = (options: TinyVitOptions, image: Uint8Array) =>
  referenceOutputs(
    tinyTensors(options),
    {
      heads: Number(options.config?.num_attention_heads ?? 2),
      layers: Number(options.config?.num_hidden_layers ?? 2),
      patchSize: 8,
      layerNormEpsilon: 1e-6,
      hiddenAct: 'gelu',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      rescaleFactor: 1 / 255,
    },
    image,
    32,
  );

test.each<[string, TinyVitOptions]>([
  ['two heads', {}],
  ['one layer', { config: { num_hidden_layers: 1 } }],
  ['eight heads without biases', { config: { num_attention_heads: 8, qkv_bias: false } }],
  ['outlier channels', { outlierChannels: 3 }],
])('features and attention are those of a forward pass by hand: %s', async (_, options) => {
  const model = await importTinyVit(options);

  const received = await runGraphFor(toFloatGraph(lowerTinyVit(model)), IMAGES, ['features', 'attention']);

  IMAGES.forEach((image, index) => {
    const { features, attention } = reference(options, image);
    expect(received[index]!.features).toHaveLength(features.length);
    expect(received[index]!.attention).toHaveLength(attention.flat().length);
    for (const [values, expected] of [
      [received[index]!.features, features],
      [received[index]!.attention, attention.flat()],
    ] as const) {
      expected.forEach((value, at) => {
        expect(Math.abs(values[at]! - value)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(value)));
      });
    }
  });
});

test('quantizing moves the attention little, and each head still adds up to one', async () => {
  const model = await importTinyVit();

  const expected = await runGraphFor(toFloatGraph(lowerTinyVit(model)), IMAGES, ['attention']);
  const received = await runGraphFor(toQuantizedGraph(lowerTinyVit(smoothVit(model))), IMAGES, ['attention']);

  received.forEach(({ attention }, image) => {
    for (let head = 0; head < 2; head++) {
      const weights = attention.subarray(head * 17, (head + 1) * 17);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
    attention.forEach((weight, at) => {
      expect(Math.abs(weight - expected[image]!.attention[at]!)).toBeLessThan(0.02);
    });
  });
});

test('which outputs are fetched changes none of them', async () => {
  const graph = toQuantizedGraph(lowerTinyVit(smoothVit(await importTinyVit())));

  const [alone] = await runGraphFor(graph, IMAGES.slice(0, 1), ['logits']);
  const [together] = await runGraphFor(graph, IMAGES.slice(0, 1), ['attention', 'logits', 'features']);

  expect(Object.keys(alone!)).toEqual(['logits']);
  expect(Object.keys(together!)).toEqual(['attention', 'logits', 'features']);
  expect(together!.logits).toEqual(alone!.logits);
});

test.each<[TinyVitOptions['head'], string[]]>([
  ['classifier', ['logits', 'features', 'attention']],
  ['pooler', ['features', 'pooled', 'attention']],
  ['none', ['features', 'attention']],
])('a checkpoint with %s gives %j', async (head, outputs) => {
  const graph = lowerTinyVit(await importTinyVit({ head }));

  expect(graph.outputs.map(({ name }) => name)).toEqual(outputs);
});
