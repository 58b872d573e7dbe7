import { emitModel } from '../../lib/compiler/onnx/emit-model';
import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { memorySink } from '../support/memory-sink';
import { type OnnxSummary, readOnnx } from '../support/read-onnx';
import { importTinyVit, lowerTinyVit, runGraph } from '../support/tiny-graph';
import type { TinyVitOptions } from '../support/tiny-vit';

const IMAGES = Array.from({ length: 16 }, (_, index) => probeImage(index, 32, 32));

const summarize = async (options: TinyVitOptions = {}): Promise<OnnxSummary> => {
  const sink = memorySink();
  const graph = toQuantizedGraph(lowerTinyVit(smoothVit(await importTinyVit(options))));
  await emitModel(graph, 'm.onnx', sink, { name: 'test', version: '0' });
  return readOnnx(sink.files.get('m.onnx')!);
};

const count = ({ nodes }: OnnxSummary, opType: string): number => nodes.filter((node) => node.opType === opType).length;

const meanDifference = (a: Float32Array[], b: Float32Array[]): number => {
  const differences = a.flatMap((logits, image) =>
    [...logits].map((logit, label) => Math.abs(logit - b[image]![label]!)),
  );
  return differences.reduce((sum, value) => sum + value, 0) / differences.length;
};

test('every linear layer but the classifier is an integer product', async () => {
  const onnx = await summarize();

  // Two layers: QKV (in the last, Q alone), attention output, two of the MLP; the patches; the classifier.
  expect(count(onnx, 'DynamicQuantizeMatMul')).toBe(4 + 4);
  expect(count(onnx, 'MatMulIntegerToFloat')).toBe(1);
  // Of one row each: the last layer's keys, weighted tokens and values, and the classifier.
  expect(count(onnx, 'MatMul')).toBe(3 + 1);
  expect(onnx.nodes.at(-2)).toMatchObject({ opType: 'MatMul', inputs: ['features', 'classifier.weight'] });
});

test('weights are signed bytes without zero points, scaled per output channel', async () => {
  const { nodes, initializers } = await summarize();

  for (const { inputs } of nodes.filter(({ opType }) => opType === 'DynamicQuantizeMatMul')) {
    const [, weight = '', scale = '', zeroPoint] = inputs;
    expect(initializers.get(weight)?.dataType).toBe(3);
    expect(initializers.get(scale)?.dims).toEqual([initializers.get(weight)?.dims[1]]);
    expect(zeroPoint).toBe('');
  }
});

test('the form is the one measured fastest: no SkipLayerNormalization, opset 17, queries of the CLS token last', async () => {
  const onnx = await summarize();

  expect(count(onnx, 'SkipLayerNormalization')).toBe(0);
  expect(count(onnx, 'LayerNormalization')).toBe(5);
  expect(count(onnx, 'MultiHeadAttention')).toBe(1);
  expect(count(onnx, 'FusedMatMul')).toBe(1);
  expect(Object.fromEntries(onnx.opsets)).toEqual({ '': 17, 'com.microsoft': 1 });
  expect(onnx.irVersion).toBe(8);
  expect(onnx.initializers.get('layers.1.query.weight')?.dims).toEqual([32, 32]);
});

test('a checkpoint without biases of queries, keys and values has none in the graph', async () => {
  const { initializers } = await summarize({ config: { qkv_bias: false } });

  expect(initializers.has('layers.0.qkv.bias')).toBe(false);
  expect(initializers.has('layers.0.attention_output.bias')).toBe(true);
});

/** Logits are of size 1: 8-bit weights and activations move them by about a hundredth, outliers by a few. */
test.each<[string, TinyVitOptions, number]>([
  ['plain weights', {}, 0.02],
  ['fp16 weights', { dtype: 'F16' }, 0.02],
  ['no biases', { config: { qkv_bias: false } }, 0.02],
  ['outlier channels', { outlierChannels: 3 }, 0.1],
  ['an image that the patches do not fill', { config: { image_size: 37 } }, 0.02],
])('the quantized graph stays close to the fp32 graph: %s', async (_, options, tolerance) => {
  const model = await importTinyVit(options);
  const side = model.config.imageSize.height;
  const images = IMAGES.map((_image, index) => probeImage(index, side, side));

  const expected = await runGraph(toFloatGraph(lowerTinyVit(model)), images);
  const received = await runGraph(toQuantizedGraph(lowerTinyVit(smoothVit(model))), images);

  const difference = meanDifference(expected, received);
  expect(difference).toBeGreaterThan(0);
  expect(difference).toBeLessThan(tolerance);
});

test('smoothing changes no logit of the fp32 graph and brings the quantized one closer where channels differ', async () => {
  const model = await importTinyVit({ outlierChannels: 3 });
  const expected = await runGraph(toFloatGraph(lowerTinyVit(model)), IMAGES);

  const smoothed = await runGraph(toFloatGraph(lowerTinyVit(smoothVit(model))), IMAGES);
  const plainInt8 = await runGraph(toQuantizedGraph(lowerTinyVit(model)), IMAGES);
  const smoothInt8 = await runGraph(toQuantizedGraph(lowerTinyVit(smoothVit(model))), IMAGES);

  expect(meanDifference(expected, smoothed)).toBeLessThan(1e-5);
  expect(meanDifference(expected, smoothInt8)).toBeLessThan(meanDifference(expected, plainInt8));
});
