import type { LoweredGraph } from '../../lib/compiler/architectures/vit/lower-vit';
import type { Linear } from '../../lib/compiler/architectures/vit/vit-model';
import { disturb, probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { compareGraphs, expectedLogitScale, requireParity } from '../../lib/compiler/verify';
import type { GraphSession } from '../../lib/core/compiler-ports';
import type { OutputValues } from '../../lib/core/model-outputs';
import { fakeOutputs } from '../support/fake-outputs';
import { importTinyVit, lowerTinyVit, runGraphFor } from '../support/tiny-graph';
import type { TinyVitOptions } from '../support/tiny-vit';

const IMAGES = Array.from({ length: 16 }, (_, index) => probeImage(index, 32, 32));
/** Asked for after the images, and only when the bound looks exceeded. */
const DISTURBED = IMAGES.map(disturb);

type Change = (linear: Linear) => Linear;

/** The graph with one linear layer changed, or every one but the classifier. */
const withLinear = (graph: LoweredGraph, name: string | undefined, change: Change): LoweredGraph => ({
  ...graph,
  nodes: graph.nodes.map((node) => {
    if (!('kind' in node) || node.role === 'head' || (name !== undefined && node.name !== name)) return node;
    return { ...node, read: async () => (await node.read()).map(change) };
  }),
});

type Values = OutputValues<'logits' | 'features'>;

/** Values computed before, handed out image by image in the order in which compareGraphs asks. */
const replay = (values: readonly Values[]): GraphSession => {
  const rest = [...values];
  return { run: async (_, wanted) => fakeOutputs(wanted, rest.shift()!), dispose: async () => {} };
};

const parityOf = async (
  options: TinyVitOptions,
  name?: string,
  change: Change = (linear) => linear,
  isHeadless = false,
) => {
  const model = await importTinyVit(options);
  const wanted = ['logits', 'features'] as const;
  const reference = await runGraphFor(toFloatGraph(lowerTinyVit(model)), [...IMAGES, ...DISTURBED], wanted);
  const lowered = withLinear(lowerTinyVit(smoothVit(model)), name, change);
  const candidate = await runGraphFor(toQuantizedGraph(lowered), IMAGES, wanted);
  return compareGraphs({
    reference: replay(reference),
    candidate: replay(candidate),
    images: { kind: 'test', pixels: IMAGES },
    logitScale: isHeadless ? null : await expectedLogitScale(model),
    featureOffset: (await model.finalNorm()).beta,
  });
};

const transpose: Change = (linear) => ({
  ...linear,
  weight: linear.weight.map((_, at) => {
    const [row, column] = [Math.floor(at / linear.inSize), at % linear.inSize];
    return linear.weight[column * linear.inSize + row]!;
  }),
});
const loseBias: Change = (linear) => ({ ...linear, bias: new Float32Array(linear.outSize) });
const fourBits: Change = (linear) => ({
  ...linear,
  weight: linear.weight.map((value, at) => {
    const start = Math.floor(at / linear.inSize) * linear.inSize;
    const largest = linear.weight.subarray(start, start + linear.inSize).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    return (Math.round((value / largest) * 7) * largest) / 7;
  }),
});

const deep = { num_hidden_layers: 8 };

test.each<[string, string | undefined, Change]>([
  ['a transposed weight', 'layers.1.attention_output', transpose],
  ['a lost bias of the patches', 'patch_projection', loseBias],
  ['four-bit weights', undefined, fourBits],
])('%s exceeds the bound', async (_, name, change) => {
  const parity = await parityOf({}, name, change);

  // Eight layers: two keep the direction of their features even with four bits.
  const headless = await parityOf({ config: deep }, name, change, true);

  expect(parity.exceeded).toBe(true);
  expect(headless).toMatchObject({ exceeded: true, maxLogitDifference: null });
  expect(() => requireParity(parity)).toThrow(expect.objectContaining({ code: 'PARITY_EXCEEDED' }));
});

test.each<[string, TinyVitOptions]>([
  ['random weights', {}],
  ['other random weights', { seed: 2 }],
  ['eight layers', { config: deep }],
  ['relu', { config: { hidden_act: 'relu' } }],
  ['one label', { config: { id2label: { 0: 'only' } } }],
  ['an outlier channel', { outlierChannels: 1 }],
  ['five outlier channels', { outlierChannels: 5 }],
  ['outlier channels in eight layers', { outlierChannels: 3, config: deep }],
])('quantizing to 8 bits takes less than half of the bound: %s', async (_, options) => {
  const { maxLogitDifference, meanLogitDifference, clsCosine, bound, exceeded } = await parityOf(options);

  expect(exceeded).toBe(false);
  expect(clsCosine).toBeGreaterThan(0.97);
  expect(maxLogitDifference).toBeLessThan(bound / 2);
  expect(meanLogitDifference).toBeLessThan(bound / 8);
});

test.each([
  [Number.NaN, 1],
  [Infinity, 1],
  [Number.NaN, null],
  [Infinity, null],
])('values of %s are within no bound, logits expected of the scale %s', async (value, logitScale) => {
  const session = (logit: number) =>
    replay(
      [...IMAGES, ...DISTURBED].map(() => ({ logits: Float32Array.of(logit, 0), features: Float32Array.of(logit) })),
    );
  const basis = { images: { kind: 'test', pixels: IMAGES }, featureOffset: new Float32Array(1) };

  const parity = await compareGraphs({ reference: session(1), candidate: session(value), ...basis, logitScale });

  expect(parity.exceeded).toBe(true);
});

/** Attention so peaked that any change of the image makes it look elsewhere. */
const unsteady: Change = (linear) => ({ ...linear, weight: linear.weight.map((value) => value * 60) });

test('weights that a grey level throws off are given what that does to the fp32 graph, not refused', async () => {
  const model = await importTinyVit({ config: { num_hidden_layers: 6 } });
  const peaked = {
    ...model,
    layer: async (index: number) => {
      const layer = await model.layer(index);
      return { ...layer, query: unsteady(layer.query) };
    },
  };
  const wanted = ['logits', 'features'] as const;
  const float = toFloatGraph(lowerTinyVit(peaked));
  const reference = await runGraphFor(float, [...IMAGES, ...DISTURBED], wanted);
  const candidate = await runGraphFor(toQuantizedGraph(lowerTinyVit(smoothVit(peaked))), IMAGES, wanted);

  const basis = {
    images: { kind: 'test', pixels: IMAGES },
    logitScale: (await expectedLogitScale(model))!,
    featureOffset: (await model.finalNorm()).beta,
  };
  const parity = await compareGraphs({ reference: replay(reference), candidate: replay(candidate), ...basis });
  const headless = await compareGraphs({
    reference: replay(reference),
    candidate: replay(candidate),
    ...basis,
    logitScale: null,
  });

  expect(
    parity.maxLogitDifference! > 0.6 * basis.logitScale || parity.meanLogitDifference! > 0.15 * basis.logitScale,
  ).toBe(true);
  expect(parity).toMatchObject({ exceeded: false, clsCosine: headless.clsCosine });
  expect(headless).toMatchObject({ exceeded: false });
});
