import type { LoweredGraph } from '../../lib/compiler/architectures/vit/lower-vit';
import type { Linear } from '../../lib/compiler/architectures/vit/vit-model';
import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { compareGraphs, expectedLogitScale, requireParity } from '../../lib/compiler/verify';
import type { GraphSession } from '../../lib/core/compiler-ports';
import { importTinyVit, lowerTinyVit, runGraph } from '../support/tiny-graph';
import type { TinyVitOptions } from '../support/tiny-vit';

const imageSize = { height: 32, width: 32 };
const IMAGES = Array.from({ length: 16 }, (_, index) => probeImage(index, 32, 32));

type Change = (linear: Linear) => Linear;

/** The graph with one linear layer changed, or every one but the classifier. */
const withLinear = (graph: LoweredGraph, name: string | undefined, change: Change): LoweredGraph => ({
  ...graph,
  nodes: graph.nodes.map((node) => {
    if (!('kind' in node) || node.role === 'head' || (name !== undefined && node.name !== name)) return node;
    return { ...node, read: async () => (await node.read()).map(change) };
  }),
});

/** Logits computed before, handed out image by image in the order in which compareGraphs asks. */
const replay = (logits: readonly Float32Array[]): GraphSession => {
  const rest = [...logits];
  return { run: async () => rest.shift()!, dispose: async () => {} };
};

const parityOf = async (options: TinyVitOptions, name?: string, change: Change = (linear) => linear) => {
  const model = await importTinyVit(options);
  const reference = await runGraph(toFloatGraph(lowerTinyVit(model)), IMAGES);
  const lowered = withLinear(lowerTinyVit(smoothVit(model)), name, change);
  const candidate = await runGraph(toQuantizedGraph(lowered), IMAGES);
  return compareGraphs({
    reference: replay(reference),
    candidate: replay(candidate),
    imageSize,
    logitScale: await expectedLogitScale(model),
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

test.each<[string, string | undefined, Change]>([
  ['a transposed weight', 'layers.1.attention_output', transpose],
  ['a lost bias of the patches', 'patch_projection', loseBias],
  ['four-bit weights', undefined, fourBits],
])('%s exceeds the bound', async (_, name, change) => {
  const parity = await parityOf({}, name, change);

  expect(parity.exceeded).toBe(true);
  expect(() => requireParity(parity)).toThrow(expect.objectContaining({ code: 'PARITY_EXCEEDED' }));
});

const deep = { num_hidden_layers: 8 };
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
  const { maxLogitDifference, meanLogitDifference, bound, exceeded } = await parityOf(options);

  expect(exceeded).toBe(false);
  expect(maxLogitDifference).toBeLessThan(bound / 2);
  expect(meanLogitDifference).toBeLessThan(bound / 8);
});

test.each([Number.NaN, Infinity])('logits of %s are within no bound', async (value) => {
  const session = (logit: number) => replay(IMAGES.map(() => Float32Array.of(logit, 0)));

  const parity = await compareGraphs({ reference: session(1), candidate: session(value), imageSize, logitScale: 1 });

  expect(parity.exceeded).toBe(true);
});
