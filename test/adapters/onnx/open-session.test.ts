import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGraphSession } from '../../../lib/adapters/onnx';
import type { GraphNode } from '../../../lib/compiler/onnx/graph';
import { encodeModel } from '../../../lib/compiler/onnx/model-proto';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-session-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SIZE = { height: 1, width: 1 };

/** A graph of one pixel whose output is what the nodes make of it. */
const writeGraph = async (nodes: readonly GraphNode[], outputDims: number[], input = 'pixels'): Promise<string> => {
  const path = join(folder, 'graph.onnx');
  const model = encodeModel({
    producer: { name: 'test', version: '0' },
    graphName: 'test',
    inputs: [{ name: input, type: 'uint8', dims: [1, 1, 1, 3] }],
    outputs: [{ name: 'logits', type: 'float32', dims: outputDims }],
    nodes,
    initializers: [],
  });
  await writeFile(path, model);
  return path;
};

const cast = (input: string, output: string): GraphNode => ({
  opType: 'Cast',
  inputs: [input],
  outputs: [output],
  attributes: { to: { int: 1 } },
});

test('pixels reach the graph as they are', async () => {
  const path = await writeGraph([cast('pixels', 'logits')], [1, 1, 1, 3]);
  const session = await openGraphSession(path, SIZE, ['logits'], { threads: 1 });

  const { logits } = await session.run({ pixels: Uint8Array.of(0, 128, 255) }, ['logits']);

  expect([...logits]).toEqual([0, 128, 255]);
  await session.dispose();
});

test('a view into a larger buffer is read from its offset', async () => {
  const path = await writeGraph([cast('pixels', 'logits')], [1, 1, 1, 3]);
  const session = await openGraphSession(path, SIZE, ['logits'], { threads: 1 });

  const { logits } = await session.run({ pixels: Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5) }, ['logits']);

  expect([...logits]).toEqual([1, 2, 3]);
  await session.dispose();
});

test('logits that are not finite are a failed inference', async () => {
  const path = await writeGraph(
    [cast('pixels', 'x'), { opType: 'Log', inputs: ['x'], outputs: ['logits'] }],
    [1, 1, 1, 3],
  );
  const session = await openGraphSession(path, SIZE, ['logits'], { threads: 1 });

  await expect(session.run({ pixels: Uint8Array.of(1, 0, 1) }, ['logits'])).rejects.toMatchObject({
    code: 'INFERENCE_FAILED',
    message: expect.stringContaining('finite'),
  });
  await session.dispose();
});

test('what ONNX Runtime throws in a run is a failed inference with that cause', async () => {
  // Gathers element 7 of three.
  const gather: GraphNode = {
    opType: 'Gather',
    inputs: ['x', 'indices'],
    outputs: ['logits'],
    attributes: { axis: { int: 3 } },
  };
  const path = await writeGraph([cast('pixels', 'x'), toInt64('pixels', 'indices'), gather], [1, 1, 1, 1, 1, 1, 3]);
  const session = await openGraphSession(path, SIZE, ['logits'], { threads: 1 });

  await expect(session.run({ pixels: Uint8Array.of(7, 7, 7) }, ['logits'])).rejects.toMatchObject({
    code: 'INFERENCE_FAILED',
    cause: expect.anything(),
  });
  await session.dispose();
});

const toInt64 = (input: string, output: string): GraphNode => ({
  opType: 'Cast',
  inputs: [input],
  outputs: [output],
  attributes: { to: { int: 7 } },
});

test('a graph with another input, or a file that is none, is no model', async () => {
  const path = await writeGraph([cast('image', 'logits')], [1, 1, 1, 3], 'image');

  await expect(openGraphSession(path, SIZE, ['logits'])).rejects.toMatchObject({
    code: 'MODEL_UNAVAILABLE',
    message: expect.stringContaining('received none'),
  });
  await expect(openGraphSession(join(folder, 'none.onnx'), SIZE, ['logits'])).rejects.toMatchObject({
    code: 'MODEL_UNAVAILABLE',
    cause: expect.anything(),
  });
});
