import { type CompileOptions, type CompileStep, compileModel, type ProbeImages } from '../../lib/compiler';
import { emitModel } from '../../lib/compiler/onnx/emit-model';
import type { GraphSession } from '../../lib/core/compiler-ports';
import { parseImageProcessor } from '../../lib/core/image-processor';
import { modelManifestSchema } from '../../lib/core/model-manifest';
import { fakeOutputs } from '../support/fake-outputs';
import { memorySink } from '../support/memory-sink';
import { readOnnx } from '../support/read-onnx';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from '../support/tiny-vit';

const HIDDEN = 32;

/** What each opened graph was asked for and run on. */
const recorder = (featuresOf: (path: string) => Float32Array = () => new Float32Array(HIDDEN).fill(1)) => {
  const opened: { path: string; outputs: readonly string[] }[] = [];
  const images: Uint8Array[] = [];
  const openSession: CompileOptions['openSession'] = async (path, _input, outputs): Promise<GraphSession> => {
    opened.push({ path, outputs });
    return {
      run: async ({ pixels }, wanted) => {
        images.push(pixels);
        return fakeOutputs(wanted, { logits: new Float32Array(4), features: featuresOf(path) });
      },
      dispose: async () => {},
    };
  };
  return { opened, images, openSession };
};

const compile = async (checkpoint: TinyVitOptions, options: Partial<CompileOptions> = {}) => {
  const sink = memorySink();
  const manifest = await compileModel({
    source: memorySource(tinyCheckpoint(checkpoint)),
    sink,
    name: 'tiny-vit',
    version: '1.0.0',
    openSession: recorder().openSession,
    ...options,
  });
  const json = (name: string) => JSON.parse(Buffer.from(sink.files.get(name)!).toString());
  return { sink, manifest: modelManifestSchema.parse(json('manifest.json')), json, written: manifest };
};

describe('a checkpoint without a classifier', () => {
  test.each([
    ['pooler', 'pooled', ['features', 'pooled', 'attention']],
    ['none', null, ['features', 'attention']],
  ] as const)('with %s compiles to a bundle of features, compared on them', async (head, pooled, outputs) => {
    const { opened, openSession } = recorder();

    const { manifest } = await compile({ head }, { openSession });

    expect(manifest).toMatchObject({
      labels: [],
      graph: { outputs: { logits: null, features: 'features', pooled, attention: 'attention' } },
      parity: {
        maxLogitDifference: null,
        meanLogitDifference: null,
        meanBound: 0.97,
        top1Agreement: null,
        clsCosine: expect.closeTo(1, 6),
        exceeded: false,
      },
    });
    expect(opened.map((graph) => graph.outputs)).toEqual([outputs, outputs]);
  });

  test('is refused when its features turn, and says by how much', async () => {
    const turned = recorder((path) =>
      Float32Array.from({ length: HIDDEN }, (_, at) => (path.includes('quantized') ? (-1) ** at : 1)),
    );

    const compiling = compile({ head: 'none' }, { openSession: turned.openSession });

    await expect(compiling).rejects.toMatchObject({
      code: 'PARITY_EXCEEDED',
      message: expect.stringContaining('cosine of at least 0.800 (on average 0.970)'),
    });
  });
});

describe('--quantize fp32', () => {
  test('writes the float graph under its own name, runs it and compares it with itself', async () => {
    const { opened, images, openSession } = recorder();
    const steps: CompileStep[] = [];

    const { sink, manifest } = await compile({}, { quantize: 'fp32', openSession, report: (step) => steps.push(step) });

    expect(opened.map(({ path }) => path)).toEqual(['onnx/model.onnx']);
    expect(images).toHaveLength(16);
    expect(steps).toEqual(['read', 'write', 'verify', 'done']);
    expect(manifest).toMatchObject({
      graph: { file: 'onnx/model.onnx' },
      quantization: { scheme: 'fp32', weights: 'float32', smoothingAlpha: null },
      parity: { maxLogitDifference: 0, top1Agreement: 1, clsCosine: expect.closeTo(1, 6), exceeded: false },
    });
    const { nodes } = readOnnx(sink.files.get('onnx/model.onnx')!);
    expect(nodes.filter(({ opType }) => /Quantize|Integer/.test(opType))).toEqual([]);
  });

  test('data beyond 2 GiB keeps exact offsets', async () => {
    const data = new Float32Array(16 * 1024 * 1024);
    const names = Array.from({ length: 34 }, (_, index) => `weight.${index}`);
    const sink = memorySink();
    const create: typeof sink.create = async (path) =>
      path.endsWith('_data')
        ? { write: async () => {}, close: async () => ({ path, sizeBytes: 0, sha256: '' }) }
        : sink.create(path);

    await emitModel(
      {
        inputs: [{ name: 'x', type: 'float32', dims: [1] }],
        outputs: [{ name: 'y', type: 'float32', dims: [1] }],
        nodes: names.map((name) => ({
          opType: 'Sum',
          inputs: ['x', name],
          outputs: ['y'],
          constants: async () => ({ [name]: { dims: [data.length], data } }),
        })),
      },
      'm.onnx',
      { ...sink, create },
      { name: 'test', version: '0' },
    );

    const { initializers } = readOnnx(sink.files.get('m.onnx')!);
    expect(initializers.get('weight.33')!.external.get('offset')).toBe(String(33 * 64 * 1024 * 1024));
    expect(33 * 64 * 1024 * 1024).toBeGreaterThan(2 ** 31);
  });
});

describe('--image-size', () => {
  test('compiles for that size and says so in both configs', async () => {
    const { images, openSession } = recorder();

    const { manifest, json } = await compile({}, { imageSize: { height: 48, width: 40 }, openSession });

    expect(manifest.imageSize).toEqual({ height: 48, width: 40 });
    expect(json('config.json')).toMatchObject({ image_size: [48, 40], hidden_size: HIDDEN });
    expect(parseImageProcessor(json('preprocessor_config.json')).size).toEqual({ height: 48, width: 40 });
    expect(images[0]).toHaveLength(48 * 40 * 3);
  });

  test("the checkpoint's own size leaves both files byte for byte", async () => {
    const { sink } = await compile({}, { imageSize: { height: 32, width: 32 } });

    for (const name of ['config.json', 'preprocessor_config.json']) {
      expect(Buffer.from(sink.files.get(name)!)).toEqual(Buffer.from(tinyCheckpoint().get(name)!));
    }
  });
});

describe('images to verify on', () => {
  const grey = (count: number, bytes = 32 * 32 * 3): ProbeImages => ({
    kind: 'calibration folder',
    pixels: Array.from({ length: count }, (_, index) => new Uint8Array(bytes).fill(index)),
  });

  test('are run instead of generated ones, and the manifest says their kind and number', async () => {
    const { images, openSession } = recorder();

    const { manifest } = await compile({}, { openSession, images: async () => grey(3) });

    expect(manifest.parity).toMatchObject({ images: 3, imageKind: 'calibration folder' });
    expect(new Set(images.map(([value]) => value))).toEqual(new Set([0, 1, 2]));
  });

  test.each([
    ['none', grey(0), 'expected 1 to 16 images'],
    ['seventeen', grey(17), 'received 17'],
    ['one of another size', grey(1, 12), 'expected images of 3072 bytes, received one of 12'],
  ])('%s are refused', async (_, images, message) => {
    const compiling = compile({}, { images: async () => images });

    await expect(compiling).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
