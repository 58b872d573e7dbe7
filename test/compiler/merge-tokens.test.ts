import { outputNames } from '../../lib/compiler/architectures/vit/lower-vit';
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
/** Merging in all layers but the last: with four, merged tokens are merged again. */
const DEEP: TinyVitOptions = { config: { num_hidden_layers: 4 } };

interface Tokens {
  readonly mergeTokens?: number;
  readonly skipBackground?: number;
}

const reference = (options: TinyVitOptions, image: Uint8Array, tokens: Tokens) =>
  referenceOutputs(
    tinyTensors(options),
    {
      heads: 2,
      layers: Number(options.config?.num_hidden_layers ?? 2),
      patchSize: 8,
      layerNormEpsilon: 1e-6,
      hiddenAct: 'gelu',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      rescaleFactor: 1 / 255,
      ...tokens,
    },
    image,
    32,
  );

test.each<[string, TinyVitOptions, Tokens]>([
  ['one pair in one layer', {}, { mergeTokens: 1 }],
  ['three pairs in each of three layers', DEEP, { mergeTokens: 3 }],
  ['more pairs than there are tokens in the end', DEEP, { mergeTokens: 8 }],
  ['beside a background that is left out', DEEP, { mergeTokens: 2, skipBackground: 8 }],
  ['far more than there are', DEEP, { mergeTokens: 1000 }],
])('logits and features are those of a forward pass by hand that merges: %s', async (_, options, tokens) => {
  const model = await importTinyVit(options);

  const received = await runGraphFor(toFloatGraph(lowerTinyVit(model, {}, tokens)), IMAGES, ['logits', 'features']);

  IMAGES.forEach((image, index) => {
    const expected = reference(options, image, tokens);
    for (const [values, wanted] of [
      [received[index]!.logits, expected.logits],
      [received[index]!.features, expected.features],
    ] as const) {
      wanted.forEach((value, at) => {
        expect(Math.abs(values[at]! - value)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(value)));
      });
    }
  });
});

test('one patch of light in the dark leaves two tokens, which nothing merges', async () => {
  const image = new Uint8Array(32 * 32 * 3).fill(200, 0, 3);
  const tokens = { mergeTokens: 5, skipBackground: 8 };

  const [received] = await runGraphFor(
    toFloatGraph(lowerTinyVit(await importTinyVit(DEEP), {}, tokens)),
    [image],
    ['logits'],
  );

  const expected = reference(DEEP, image, tokens).logits;
  expected.forEach((value, at) => {
    expect(received!.logits[at]).toBeCloseTo(value, 3);
  });
});

test('merging changes logits, and quantizing little of that', async () => {
  const model = await importTinyVit(DEEP);
  const tokens = { mergeTokens: 3 };

  const [whole] = await runGraphFor(toFloatGraph(lowerTinyVit(model)), IMAGES.slice(1), ['logits']);
  const [float] = await runGraphFor(toFloatGraph(lowerTinyVit(model, {}, tokens)), IMAGES.slice(1), ['logits']);
  const quantized = toQuantizedGraph(lowerTinyVit(smoothVit(model), {}, tokens));
  const [int8] = await runGraphFor(quantized, IMAGES.slice(1), ['logits']);

  const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, at) => Math.abs(x - b[at]!)));
  expect(distance(whole!.logits, float!.logits)).toBeGreaterThan(10 * TOLERANCE);
  expect(distance(int8!.logits, float!.logits)).toBeLessThan(0.3);
});

test('tokens that stand for several patches have no attention map', async () => {
  const model = await importTinyVit();

  expect(outputNames(model, { mergeTokens: 1 }).attention).toBeNull();
  expect(lowerTinyVit(model, {}, { mergeTokens: 1 }).outputs.map(({ name }) => name)).not.toContain('attention');
});
