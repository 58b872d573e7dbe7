import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { referenceOutputs } from '../support/reference-vit';
import { importTinyVit, lowerTinyVit, runGraphFor } from '../support/tiny-graph';
import { tinyTensors } from '../support/tiny-vit';

/** As in float-graph.test.ts. */
const TOLERANCE = 1e-4;

/** Two by two patches of 8 x 8 in the middle of 4 x 4, of one grey level; around them another. */
const square = (inside: number, around: number): Uint8Array =>
  Uint8Array.from({ length: 32 * 32 * 3 }, (_, index) => {
    const [y, x] = [Math.floor(index / 96), Math.floor(index / 3) % 32];
    return y >= 8 && y < 24 && x >= 8 && x < 24 ? inside + (index % 7) : around;
  });

const reference = (image: Uint8Array, skipBackground?: number) =>
  referenceOutputs(
    tinyTensors({}),
    {
      heads: 2,
      layers: 2,
      patchSize: 8,
      layerNormEpsilon: 1e-6,
      hiddenAct: 'gelu',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      rescaleFactor: 1 / 255,
      skipBackground,
    },
    image,
    32,
  );

const skipping = async (skipBackground: number) =>
  toFloatGraph(lowerTinyVit(await importTinyVit(), {}, { skipBackground }));

const expectClose = (received: Float32Array, expected: readonly number[]): void => {
  expect(received).toHaveLength(expected.length);
  expected.forEach((value, at) => {
    expect(Math.abs(received[at]! - value)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(value)));
  });
};

test('a graph that makes one token of the background gives what a forward pass by hand gives that does', async () => {
  // Lengths differ from image to image in one session: 18, 6, 18, 6 and 18 tokens.
  const images = [probeImage(1, 32, 32), square(200, 8), square(200, 9), square(90, 0), square(0, 0)];

  const received = await runGraphFor(await skipping(8), images, ['logits', 'features', 'attention']);

  images.forEach((image, index) => {
    const expected = reference(image, 8);
    expectClose(received[index]!.logits, expected.logits);
    expectClose(received[index]!.features, expected.features);
    expectClose(received[index]!.attention, expected.attention.flat());
  });
});

test('an image without background is run whole, and so is one of nothing else', async () => {
  const images = [square(200, 50), new Uint8Array(32 * 32 * 3), new Uint8Array(32 * 32 * 3).fill(5)];

  const received = await runGraphFor(await skipping(8), images, ['logits']);

  images.forEach((image, index) => {
    expectClose(received[index]!.logits, reference(image).logits);
  });
});

test('attention adds up to one, and patches of the background have equal shares', async () => {
  const [received] = await runGraphFor(await skipping(8), [square(200, 0)], ['attention']);

  for (const weights of [received!.attention.subarray(0, 17), received!.attention.subarray(17)]) {
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(new Set([1, 2, 3, 4, 5, 8, 9, 12, 13, 14, 15, 16].map((token) => weights[token])).size).toBe(1);
  }
});

test('a background of like tokens loses nothing by being one', async () => {
  const model = await importTinyVit();
  const alike = {
    ...model,
    embeddings: async () => {
      const embeddings = await model.embeddings();
      return { ...embeddings, positions: embeddings.positions.fill(0.1) };
    },
  };
  const image = square(200, 0);

  const [whole] = await runGraphFor(toFloatGraph(lowerTinyVit(alike)), [image], ['logits', 'attention']);
  const skipped = lowerTinyVit(alike, {}, { skipBackground: 0 });
  const [received] = await runGraphFor(toFloatGraph(skipped), [image], ['logits', 'attention']);

  expectClose(received!.logits, [...whole!.logits]);
  expectClose(received!.attention, [...whole!.attention]);
});

test('one token for the background changes logits, and quantizing little of that', async () => {
  const model = await importTinyVit();
  const image = square(200, 0);

  const [whole] = await runGraphFor(toFloatGraph(lowerTinyVit(model)), [image], ['logits']);
  const [float] = await runGraphFor(await skipping(0), [image], ['logits']);
  const quantized = toQuantizedGraph(lowerTinyVit(smoothVit(model), {}, { skipBackground: 0 }));
  const [int8] = await runGraphFor(quantized, [image], ['logits']);

  const distance = (a: Float32Array, b: Float32Array) =>
    Math.max(...a.map((value, label) => Math.abs(value - b[label]!)));
  expect(distance(whole!.logits, float!.logits)).toBeGreaterThan(10 * TOLERANCE);
  expect(distance(int8!.logits, float!.logits)).toBeLessThan(0.1);
});
