import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openGraphSession } from '../../lib/adapters/onnx';
import { probeImage } from '../../lib/compiler/probe-images';
import { writeTinyBundle } from '../support/tiny-bundle';

let folder: string;
let graph: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-kernels-'));
  await writeTinyBundle(join(folder, 'bundle'));
  graph = join(folder, 'bundle', 'onnx', 'model_quantized.onnx');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What ONNX Runtime ran after its own optimizations, by its profile: operator and how often. */
const profile = async (): Promise<Map<string, number>> => {
  const session = await InferenceSession.create(graph, {
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
    intraOpNumThreads: 1,
  });
  await session.run({ pixels: new Tensor('uint8', probeImage(0, 32, 32), [1, 32, 32, 3]) });
  session.endProfiling();
  await session.release();
  const file = (await readdir(folder)).find((name) => name.startsWith('profile'))!;
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
    name: string;
    args?: { op_name?: string };
  }[];
  const counts = new Map<string, number>();
  for (const { name, args } of events) {
    if (name.endsWith('_kernel_time') && args?.op_name) counts.set(args.op_name, (counts.get(args.op_name) ?? 0) + 1);
  }
  return counts;
};

test('the runtime runs integer kernels, no float product but of single rows, and no dequantization', async () => {
  const kernels = await profile();

  expect(kernels.get('DynamicQuantizeMatMul')).toBe(4 + 4);
  expect(kernels.get('MatMulIntegerToFloat')).toBe(1);
  const floats = ['MatMul', 'FusedMatMul', 'Gemm'].map((name) => kernels.get(name) ?? 0);
  expect(floats.reduce((a, b) => a + b)).toBe(4 + 1);
  expect([...kernels.keys()].filter((name) => /Dequantize|Conv/.test(name))).toEqual([]);
  // ONNX Runtime fuses the last residual, one row, where it costs nothing; for whole layers the fused kernel is slow.
  expect(kernels.get('SkipLayerNormalization')).toBe(1);
  expect(kernels.get('LayerNormalization')).toBe(4);
});

test('the fast products give the logits of those that cannot saturate, on CPUs that saturate too', async () => {
  const size = { height: 32, width: 32 };
  const sessions = [
    await openGraphSession(graph, size, ['logits'], { threads: 1, exactProducts: false }),
    await openGraphSession(graph, size, ['logits'], { threads: 1, exactProducts: true }),
  ];

  const [expected, received] = await Promise.all(
    sessions.map((session) => session.run({ pixels: probeImage(2, 32, 32) }, ['logits'])),
  );

  expected!.logits.forEach((logit, label) => {
    expect(received!.logits[label]).toBeCloseTo(logit, 4);
  });
  await Promise.all(sessions.map((session) => session.dispose()));
});
