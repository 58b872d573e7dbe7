import { COMPILE_STEPS, type CompileOptions, type CompileStep, compileModel } from '../../lib/compiler';
import type { GraphSession } from '../../lib/core/compiler-ports';
import { digestInput, modelManifestSchema } from '../../lib/core/model-manifest';
import { sha256Hex } from '../../lib/core/scan-ids';
import { fakeOutputs } from '../support/fake-outputs';
import { memorySink } from '../support/memory-sink';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from '../support/tiny-vit';

const LABELS = 4;
const HIDDEN = 32;

/** Values that depend on nothing but the file: the quantized graph's are `shift` away from the reference's. */
const openShifted =
  (shift: number, disposed: string[] = []) =>
  async (path: string): Promise<GraphSession> => ({
    run: async (_input, wanted) =>
      fakeOutputs(wanted, {
        logits: new Float32Array(LABELS).fill(path.includes('quantized') ? shift : 0),
        features: Float32Array.from({ length: HIDDEN }, (_value, channel) =>
          channel === 0 ? 1 : path.includes('quantized') ? shift : 0,
        ),
      }),
    dispose: async () => {
      disposed.push(path);
    },
  });

const compile = async (
  options: TinyVitOptions & { files?: Map<string, Uint8Array> } = {},
  rest: Partial<CompileOptions> = {},
) => {
  const sink = memorySink();
  const run = compileModel({
    source: memorySource(options.files ?? tinyCheckpoint(options)),
    sink,
    name: 'tiny-vit',
    version: '1.0.0',
    openSession: openShifted(0.01),
    ...rest,
  });
  return { sink, manifest: await run.catch((error: unknown) => error), run };
};

const withFile = (name: string, text: string): Map<string, Uint8Array> =>
  tinyCheckpoint().set(name, new TextEncoder().encode(text));

test('a bundle is the graph, its data, the two configs as they were and the manifest', async () => {
  const { sink, run } = await compile();

  const manifest = await run;
  const checkpoint = tinyCheckpoint();
  expect([...sink.files.keys()].sort()).toEqual([
    'config.json',
    'manifest.json',
    'onnx/model_quantized.onnx',
    'onnx/model_quantized.onnx_data',
    'preprocessor_config.json',
  ]);
  expect(Buffer.from(sink.files.get('config.json')!)).toEqual(Buffer.from(checkpoint.get('config.json')!));
  expect(sink.state).toBe('committed');
  expect(JSON.parse(Buffer.from(sink.files.get('manifest.json')!).toString())).toEqual(manifest);
});

test('the manifest follows its schema and says what was compiled, from what and how close it is', async () => {
  const { manifest, sink } = await compile({ dtype: 'BF16' });

  const parsed = modelManifestSchema.parse(manifest);
  expect(parsed).toMatchObject({
    name: 'tiny-vit',
    version: '1.0.0',
    labels: ['amber', 'birch', 'cedar', 'dune'],
    activation: 'softmax',
    imageSize: { height: 32, width: 32 },
    architecture: { modelType: 'vit', hiddenSize: 32, layers: 2, heads: 2, patchSize: 8 },
    graph: {
      file: 'onnx/model_quantized.onnx',
      opset: 17,
      outputs: { logits: 'logits', features: 'features', pooled: null, attention: 'attention' },
    },
    quantization: { scheme: 'int8', smoothingAlpha: 0.5 },
    parity: { images: 16, maxLogitDifference: expect.closeTo(0.01), exceeded: false },
    source: { checkpoint: 'tiny-vit', dtype: 'bf16' },
  });
  expect(parsed.source.weightsSha256).toBe(
    await sha256Hex(tinyCheckpoint({ dtype: 'BF16' }).get('model.safetensors')!),
  );
  expect(parsed.digest).toBe(`sha256:${await sha256Hex(digestInput(parsed.files))}`);
  for (const { path, sizeBytes, sha256 } of parsed.files) {
    expect([path, sizeBytes, sha256]).toEqual([
      path,
      sink.files.get(path)!.length,
      await sha256Hex(sink.files.get(path)!),
    ]);
  }
});

test('the same checkpoint gives the same bytes; another seed another digest', async () => {
  const [first, second, other] = [await compile(), await compile(), await compile({ seed: 2 })];

  expect(first.sink.files).toEqual(second.sink.files);
  expect(await other.run).not.toMatchObject({ digest: (await first.run).digest });
});

test('steps are reported as they begin', async () => {
  const steps: CompileStep[] = [];

  await compile({}, { report: (step) => steps.push(step) });

  expect(steps).toEqual(COMPILE_STEPS);
});

test('both sessions are closed before the bundle is committed', async () => {
  const disposed: string[] = [];

  await compile({}, { openSession: openShifted(0, disposed) });

  expect(disposed.sort()).toEqual(['onnx/model_quantized.onnx', 'reference/model.onnx']);
});

test('logits beyond the bound abort the bundle', async () => {
  const { manifest: error, sink } = await compile({}, { openSession: openShifted(50) });

  expect(error).toMatchObject({ code: 'PARITY_EXCEEDED' });
  expect(sink).toMatchObject({ state: 'aborted' });
  expect(sink.files.size).toBe(0);
});

test('force writes the bundle, marked so', async () => {
  const { manifest, sink } = await compile({}, { openSession: openShifted(50), force: true });

  expect(manifest).toMatchObject({ parity: { exceeded: true, maxLogitDifference: 50 } });
  expect(sink.state).toBe('committed');
});

test('weights of several dtypes are called mixed', async () => {
  const files = tinyCheckpoint();
  const bytes = Buffer.from(files.get('model.safetensors')!);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  header.extra = { dtype: 'F16', shape: [1], data_offsets: [bytes.length - 8 - length, bytes.length - 8 - length + 2] };
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  files.set('model.safetensors', Buffer.concat([prefix, text, bytes.subarray(8 + length), Buffer.alloc(2)]));

  const { manifest } = await compile({ files });

  expect(manifest).toMatchObject({ source: { dtype: 'mixed' } });
});

test.each<[string, Parameters<typeof compile>[0], Partial<CompileOptions>, string, string]>([
  ['a config that is no JSON', { files: withFile('config.json', '{') }, {}, 'CHECKPOINT_INVALID', 'config.json'],
  ['another architecture', { config: { model_type: 'swin' } }, {}, 'ARCHITECTURE_UNSUPPORTED', 'swin'],
  ['an image processor that pads', { processor: { do_pad: true } }, {}, 'ARCHITECTURE_UNSUPPORTED', 'do_pad'],
  ['a size that the model does not take', { processor: { size: 64 } }, {}, 'CHECKPOINT_INVALID', 'received 64 x 64'],
  ['a model name with a slash', {}, { name: 'org/model' }, 'CONFIG_INVALID', '[a-z0-9._-]+'],
  ['an empty version', {}, { version: '' }, 'CONFIG_INVALID', 'version'],
  [
    'weights cut short',
    { files: tinyCheckpoint().set('model.safetensors', tinyCheckpoint().get('model.safetensors')!.slice(0, -9)) },
    {},
    'CHECKPOINT_INVALID',
    'received',
  ],
])('%s leaves no bundle', async (_, options, rest, code, message) => {
  const { manifest: error, sink } = await compile(options, rest);

  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(sink).toMatchObject({ state: 'aborted' });
});

test.each(['config.json', 'preprocessor_config.json', 'model.safetensors'])(
  'a checkpoint without %s leaves no bundle',
  async (name) => {
    const files = tinyCheckpoint();
    files.delete(name);

    const { manifest: error, sink } = await compile({ files });

    expect(error).toMatchObject({ code: 'CHECKPOINT_INVALID', message: expect.stringContaining(name) });
    expect(sink.state).toBe('aborted');
  },
);

test('a small file that is absurdly large is refused unread', async () => {
  const source = memorySource(tinyCheckpoint());
  const closed: string[] = [];
  const sink = memorySink();

  const run = compileModel({
    source: {
      ...source,
      open: async (name) => ({
        ...(await source.open(name)),
        sizeBytes: 2 ** 40,
        read: () => Promise.reject(new Error('read')),
        close: async () => {
          closed.push(name);
        },
      }),
    },
    sink,
    name: 'tiny',
    version: '1',
    openSession: openShifted(0),
  });

  await expect(run).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: expect.stringContaining('config.json'),
  });
  expect(closed).toEqual(['config.json']);
});
