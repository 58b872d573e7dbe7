import { emitModel } from '../../../lib/compiler/onnx/emit-model';
import { type Graph, int64s } from '../../../lib/compiler/onnx/graph';
import { toQuantizedGraph } from '../../../lib/compiler/quantization/to-quantized-graph';
import { memorySink } from '../../support/memory-sink';
import { readOnnx } from '../../support/read-onnx';
import { importTinyVit, lowerTinyVit } from '../../support/tiny-graph';

const PRODUCER = { name: 'test', version: '0' };

const constantsGraph = (): Graph => ({
  inputs: [{ name: 'x', type: 'float32', dims: [1] }],
  outputs: [{ name: 'y', type: 'float32', dims: [1] }],
  nodes: [
    {
      opType: 'Sum',
      inputs: ['x', 'small', 'large', 'larger'],
      outputs: ['y'],
      constants: async () => ({
        small: { dims: [3], data: Int8Array.of(1, 2, 3) },
        large: { dims: [1025], data: new Float32Array(1025).fill(1) },
        larger: { dims: [5000], data: new Uint8Array(5000).fill(7) },
        shape: int64s(1, -1),
      }),
    },
  ],
});

test('large constants go to the data file at aligned offsets, small ones stay inline', async () => {
  const sink = memorySink();

  const files = await emitModel(constantsGraph(), 'onnx/m.onnx', sink, PRODUCER);

  const { initializers } = readOnnx(sink.files.get('onnx/m.onnx')!);
  const data = sink.files.get('onnx/m.onnx_data')!;
  expect(files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
    ['onnx/m.onnx', sink.files.get('onnx/m.onnx')!.length],
    ['onnx/m.onnx_data', 4160 + 5000],
  ]);
  expect(initializers.get('small')).toEqual({ dims: [3], dataType: 3, external: new Map() });
  expect(initializers.get('shape')).toMatchObject({ dims: [2], dataType: 7 });
  expect(Object.fromEntries(initializers.get('large')!.external)).toEqual({
    location: 'm.onnx_data',
    offset: '0',
    length: '4100',
  });
  expect(Object.fromEntries(initializers.get('larger')!.external)).toMatchObject({ offset: '4160', length: '5000' });
  expect([...data.subarray(4100, 4160)].every((byte) => byte === 0)).toBe(true);
  expect(data[4160]).toBe(7);
});

test('the same graph gives the same bytes', async () => {
  const [first, second] = [memorySink(), memorySink()];
  for (const sink of [first, second]) {
    await emitModel(toQuantizedGraph(lowerTinyVit(await importTinyVit())), 'm.onnx', sink, PRODUCER);
  }

  expect(first.files).toEqual(second.files);
});

test('memory holds one layer: no layer is read again after the next one was', async () => {
  const model = await importTinyVit({ config: { num_hidden_layers: 3 } });
  const read: number[] = [];
  const watched = {
    ...model,
    layer: (index: number) => {
      read.push(index);
      return model.layer(index);
    },
  };

  await emitModel(toQuantizedGraph(lowerTinyVit(watched)), 'm.onnx', memorySink(), PRODUCER);

  expect(read).toEqual([0, 1, 2]);
});
