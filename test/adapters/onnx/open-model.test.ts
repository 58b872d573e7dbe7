import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGraphSession, openModel } from '../../../lib/adapters/onnx';
import { fitSpace, momentsOf } from '../../../lib/core/calibration/fit-space';
import { encodeSpace } from '../../../lib/core/calibration/normal-space';
import { digestInput, type ModelManifest } from '../../../lib/core/model-manifest';
import type { ClassifierModel } from '../../../lib/core/ports';
import { sha256Hex } from '../../../lib/core/scan-ids';
import { calibrationOf } from '../../support/calibrations';
import { writeTinyBundle } from '../../support/tiny-bundle';

let folder: string;
let bundle: string;
let pristine: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-onnx-'));
  pristine = join(folder, 'pristine');
  await writeTinyBundle(pristine);
});
beforeEach(async () => {
  bundle = join(folder, 'bundle');
  await cp(pristine, bundle, { recursive: true });
});
afterEach(() => rm(bundle, { recursive: true, force: true }));
afterAll(() => rm(folder, { recursive: true, force: true }));

const grey = (value: number): Uint8Array => new Uint8Array(32 * 32 * 3).fill(value);

const logitsOf = async (model: ClassifierModel, pixels: Uint8Array): Promise<Float32Array> =>
  (await model.run({ pixels }, ['logits'])).logits;

/** Changes the manifest and, unless told not to, what depends on it, so that only the change is wrong. */
const editManifest = async (change: (manifest: ModelManifest) => void, isConsistent = true): Promise<void> => {
  const manifest = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as ModelManifest;
  change(manifest);
  if (isConsistent) manifest.digest = `sha256:${await sha256Hex(digestInput(manifest.files))}`;
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify(manifest));
};

/** Replaces a file and tells the manifest. */
const replaceFile = async (path: string, bytes: string): Promise<void> => {
  await writeFile(join(bundle, path), bytes);
  const sha256 = await sha256Hex(bytes);
  await editManifest((manifest) => {
    manifest.files = manifest.files.map((file) =>
      file.path === path ? { path, sizeBytes: Buffer.byteLength(bytes), sha256 } : file,
    );
  });
};

const refusal = (message: string) => ({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining(message) });

test('a bundle opens and gives one finite logit per label', async () => {
  const model = await openModel(bundle, { threads: 1, verify: true });

  const { logits } = await model.run({ pixels: grey(90) }, ['logits']);

  expect(model.manifest.labels).toEqual(['amber', 'birch', 'cedar', 'dune']);
  expect(model.imageProcessor).toMatchObject({ size: { height: 32, width: 32 }, resample: 'bilinear' });
  expect(logits).toHaveLength(4);
  expect([...logits].every(Number.isFinite)).toBe(true);
  await model.dispose();
});

test('threads and prepacking change no logit beyond rounding', async () => {
  const models = await Promise.all([
    openModel(bundle),
    openModel(bundle, { threads: 2 }),
    openModel(bundle, { prepack: false }),
  ]);

  const [expected, ...others] = await Promise.all(models.map((model) => logitsOf(model, grey(140))));

  for (const logits of others) {
    logits.forEach((logit, label) => {
      expect(logit).toBeCloseTo(expected![label]!, 5);
    });
  }
  await Promise.all(models.map((model) => model.dispose()));
});

test('runs at once give what runs one by one give', async () => {
  const model = await openModel(bundle, { threads: 1 });
  const images = [10, 60, 110, 160, 210, 250].map(grey);
  const expected: Float32Array[] = [];
  for (const image of images) expected.push(await logitsOf(model, image));

  const received = await Promise.all(images.map((image) => logitsOf(model, image)));

  expect(received).toEqual(expected);
  await model.dispose();
});

test('disposing waits for runs under way; later runs fail, a second dispose does not', async () => {
  const model = await openModel(bundle, { threads: 1 });
  const running = logitsOf(model, grey(1));

  const disposing = model.dispose();

  await expect(running).resolves.toHaveLength(4);
  await disposing;
  await model.dispose();
  await expect(logitsOf(model, grey(1))).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
});

test('pixels of another length are refused', async () => {
  const model = await openModel(bundle, { threads: 1 });

  await expect(logitsOf(model, new Uint8Array(7))).rejects.toMatchObject({
    code: 'INFERENCE_FAILED',
    message: 'expected 3072 bytes for pixels of [1, 32, 32, 3], received 7',
  });
  await model.dispose();
});

test('a folder that is no bundle is refused', async () => {
  await expect(openModel(join(folder, 'nowhere'))).rejects.toMatchObject(refusal('manifest.json'));
  await writeFile(join(bundle, 'manifest.json'), '{"schemaVersion":1}');
  await expect(openModel(bundle)).rejects.toMatchObject(refusal('manifest of a model bundle'));
  await writeFile(join(bundle, 'manifest.json'), 'no json');
  await expect(openModel(bundle)).rejects.toMatchObject(refusal('manifest of a model bundle'));
});

test('a manifest that points out of its folder is refused', async () => {
  await editManifest((manifest) => {
    manifest.graph.file = '../pristine/onnx/model_quantized.onnx';
  });

  await expect(openModel(bundle)).rejects.toMatchObject(refusal('manifest'));
});

test('a digest that is not that of the files is refused', async () => {
  await editManifest((manifest) => {
    manifest.digest = `sha256:${'0'.repeat(64)}`;
  }, false);

  await expect(openModel(bundle)).rejects.toMatchObject(refusal('expected digest sha256:'));
});

test.each(['onnx/model_quantized.onnx', 'preprocessor_config.json'])(
  'a manifest without %s is refused',
  async (path) => {
    await editManifest((manifest) => {
      manifest.files = manifest.files.filter((file) => file.path !== path);
    });

    await expect(openModel(bundle)).rejects.toMatchObject(refusal(`${path} among the files`));
  },
);

test('a missing or truncated file is found by its size, without reading it', async () => {
  await rm(join(bundle, 'onnx/model_quantized.onnx_data'));
  await expect(openModel(bundle)).rejects.toMatchObject(refusal('onnx/model_quantized.onnx_data'));
  await writeFile(join(bundle, 'onnx/model_quantized.onnx_data'), 'short');
  await expect(openModel(bundle)).rejects.toMatchObject(refusal('received 5'));
});

test('a changed byte is found by its hash when asked to verify', async () => {
  const path = join(bundle, 'onnx/model_quantized.onnx_data');
  const bytes = await readFile(path);
  bytes[100] = bytes[100]! ^ 1;
  await writeFile(path, bytes);

  await expect(openModel(bundle, { verify: true })).rejects.toMatchObject(refusal('expected SHA-256'));
});

test.each([
  ['no JSON', 'x', 'image processor'],
  ['no processor we know', '{"image_processor_type":"CLIPImageProcessor"}', 'image processor'],
  ['another size', '{"size":64}', 'received 64 x 64'],
])('a preprocessor_config.json that is %s is refused', async (_, text, message) => {
  await replaceFile('preprocessor_config.json', text);

  await expect(openModel(bundle)).rejects.toMatchObject(refusal(message));
});

describe('a calibrated bundle', () => {
  const space = (size: number) => encodeSpace(fitSpace(momentsOf(vectorsOf(size), new Float64Array(size)), 2));
  const vectorsOf = (size: number) =>
    Array.from({ length: 8 }, (_, row) => Float64Array.from({ length: size }, (_, i) => Math.sin(1 + row * size + i)));
  const gate = { scans: 100, featureLimit: 2, pixelLimit: 2, falseRejects: 0 };

  const addCalibration = async (features: number, given = calibrationOf({ gate })): Promise<void> => {
    const statistics = given.gate === null ? null : { features: space(features), pixels: space(256) };
    const text = JSON.stringify({ schemaVersion: 1, calibration: given, statistics });
    await writeFile(join(bundle, 'calibration.json'), text);
    const file = { path: 'calibration.json', sizeBytes: Buffer.byteLength(text), sha256: await sha256Hex(text) };
    await editManifest((manifest) => {
      manifest.calibration = given;
      manifest.files.push(file);
    });
  };

  test('opens with the statistics of its gate', async () => {
    await addCalibration(32);

    const model = await openModel(bundle, { threads: 1, verify: true });

    expect(model.gate?.features.mean).toHaveLength(32);
    expect(model.manifest.calibration?.temperature).toBe(2);
    await model.dispose();
  });

  test.each<[string, (manifest: ModelManifest) => void, string]>([
    [
      'whose manifest says another temperature than its file',
      (manifest) => {
        manifest.calibration = calibrationOf({ gate, temperature: 3 });
      },
      "expected the manifest's calibration in the calibration file",
    ],
    [
      'whose manifest says nothing of its file',
      (manifest) => {
        manifest.calibration = null;
      },
      'expected the calibration of calibration.json in the manifest, received none',
    ],
    [
      'without its file',
      (manifest) => {
        manifest.files = manifest.files.filter(({ path }) => path !== 'calibration.json');
      },
      'expected calibration.json among the files',
    ],
    [
      'whose graph has no features for its gate',
      (manifest) => {
        manifest.graph.outputs.features = null;
      },
      'expected a graph with features for the gate',
    ],
    [
      'of other labels',
      (manifest) => {
        manifest.calibration = calibrationOf({ gate, bias: [1, 2] });
      },
      'manifest',
    ],
  ])('%s is refused', async (_, change, message) => {
    await addCalibration(32);
    await editManifest(change);

    await expect(openModel(bundle)).rejects.toMatchObject(refusal(message));
  });

  test('with statistics of another size than its features is refused', async () => {
    await addCalibration(48);

    await expect(openModel(bundle)).rejects.toMatchObject(refusal('expected finite statistics of 32 features'));
  });

  test.each([
    ['is no JSON', '{'],
    ['is too long', JSON.stringify({ text: 'x'.repeat(2_000_001) })],
    [
      'has a gate without statistics',
      JSON.stringify({ schemaVersion: 1, calibration: calibrationOf({ gate }), statistics: null }),
    ],
  ])('whose file %s is refused', async (_, text) => {
    await addCalibration(32);
    await replaceFile('calibration.json', text);

    await expect(openModel(bundle)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });
});

test('a graph that ONNX Runtime cannot load is refused', async () => {
  await replaceFile('onnx/model_quantized.onnx', 'not a graph');

  await expect(openModel(bundle)).rejects.toMatchObject(refusal('a graph that ONNX Runtime loads'));
});

test('a graph for another image size is refused', async () => {
  const path = join(bundle, 'onnx/model_quantized.onnx');

  await expect(openGraphSession(path, { height: 48, width: 32 }, ['logits'])).rejects.toMatchObject(
    refusal('expected input pixels uint8 [1, 48, 32, 3] and outputs logits, received uint8 [1, 32, 32, 3] and these'),
  );
});

test('a manifest with more labels than logits is found at the first run', async () => {
  await editManifest((manifest) => {
    manifest.labels.push('elm');
  });
  const model = await openModel(bundle, { threads: 1 });

  await expect(logitsOf(model, grey(3))).rejects.toMatchObject({
    code: 'INFERENCE_FAILED',
    message: expect.stringContaining('expected 5 logits'),
  });
  await model.dispose();
});
