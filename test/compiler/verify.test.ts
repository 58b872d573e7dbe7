import { createHash } from 'node:crypto';
import { generateProbeImages, PROBE_IMAGES, probeImage } from '../../lib/compiler/probe-images';
import { compareGraphs, expectedLogitScale, requireParity } from '../../lib/compiler/verify';
import type { GraphSession } from '../../lib/core/compiler-ports';
import { fakeOutputs } from '../support/fake-outputs';
import { importTinyVit } from '../support/tiny-graph';

const images = generateProbeImages({ height: 32, width: 32 });
const basis = { images, featureOffset: new Float32Array(2) };

/** Logits and features that depend on the image, by its sum and a shift. */
const session = (shift: number, scale = 1): GraphSession => ({
  run: async ({ pixels }, wanted) => {
    const sum = pixels.reduce((a, b) => a + b, 0) / pixels.length / 128;
    const values = Float32Array.of(sum * scale + shift, 0.5);
    return fakeOutputs(wanted, { logits: values, features: values });
  },
  dispose: async () => {},
});

test('equal graphs differ by nothing and are within the bound', async () => {
  const parity = await compareGraphs({ reference: session(0), candidate: session(0), ...basis, logitScale: 1 });

  expect(parity).toMatchObject({
    images: 16,
    maxLogitDifference: 0,
    meanLogitDifference: 0,
    top1Agreement: 1,
    exceeded: false,
  });
  expect(() => requireParity(parity)).not.toThrow();
});

test('the largest and mean difference and the agreement of first labels are told', async () => {
  const parity = await compareGraphs({ reference: session(0), candidate: session(0.5), ...basis, logitScale: 4 });

  expect(parity.maxLogitDifference).toBeCloseTo(0.5, 5);
  expect(parity.meanLogitDifference).toBeCloseTo(0.25, 5);
  expect(parity.top1Agreement).toBeLessThan(1);
  expect(parity).toMatchObject({ bound: 0.6 * 4, exceeded: false });
});

test.each([
  ['one logit by more than the scale', 1.2, 1],
  ['the mean by more than a quarter of it', 0.6, 1],
])('%s exceeds the bound', async (_, shift, logitScale) => {
  const parity = await compareGraphs({ reference: session(0, 0), candidate: session(shift, 0), ...basis, logitScale });

  expect(parity.exceeded).toBe(true);
  expect(() => requireParity(parity)).toThrow(
    expect.objectContaining({ code: 'PARITY_EXCEEDED', message: expect.stringContaining(shift.toPrecision(3)) }),
  );
});

test('logits larger than expected widen the bound with them', async () => {
  const parity = await compareGraphs({
    reference: session(0, 100),
    candidate: session(0, 101),
    ...basis,
    logitScale: 1,
  });

  expect(parity.bound).toBeGreaterThan(20);
  expect(parity.exceeded).toBe(false);
});

test('the expected scale of logits is that of the classifier over what the last layer norm gives', async () => {
  const model = await importTinyVit();
  const scaled = {
    ...model,
    classifier: async () => {
      const classifier = await model.classifier!();
      return { ...classifier, weight: classifier.weight.map((value) => value * 3) };
    },
  };

  const scale = (await expectedLogitScale(model))!;

  expect(scale).toBeGreaterThan(0.5);
  expect(scale).toBeLessThan(2);
  expect((await expectedLogitScale(scaled))! / scale).toBeCloseTo(3, 5);
});

test('every machine makes the same probe images, each another', () => {
  const hash = createHash('sha256');
  const images = Array.from({ length: PROBE_IMAGES }, (_, index) => probeImage(index, 24, 20));
  for (const image of images) hash.update(image);

  expect(hash.digest('hex')).toMatchInlineSnapshot(
    `"e3fffb60532a2c5080f191c603687012c900066e2a3909f21b9099080dbc6b75"`,
  );
  expect(new Set(images.map((image) => Buffer.from(image).toString('base64'))).size).toBe(PROBE_IMAGES);
  expect(images.every((image) => image.length === 24 * 20 * 3)).toBe(true);
});

test('half of the probe images have the black margin of an MRI slice', () => {
  const dark = Array.from({ length: PROBE_IMAGES }, (_, index) => {
    const image = probeImage(index, 64, 64);
    return image.filter((value) => value === 0).length / image.length;
  });

  expect(dark.filter((share) => share > 0.3)).toHaveLength(8);
});
