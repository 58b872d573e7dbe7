import type { ClassifyScanDeps } from '../../lib/core/classify-scan';
import { SulcusError } from '../../lib/core/errors';
import type { ModelManifest } from '../../lib/core/model-manifest';
import type { ClassifierModel, ImageDecoder } from '../../lib/core/ports';
import { fakeOutputs } from './fake-outputs';

export const FAKE_LABELS = ['none', 'mild', 'strong'] as const;

/** A "file" of this decoder is one grey value; 255 makes it unreadable. */
const fakeDecoder: ImageDecoder = {
  decode: async (bytes) => {
    const [value = 255] = bytes;
    if (value === 255) throw new SulcusError('UNREADABLE_IMAGE', 'expected a readable image, received 255');
    return { pixels: Uint8Array.of(value), width: 1, height: 1, channels: 1, dispose: () => undefined };
  },
};

const manifest = {
  name: 'fake',
  version: '1',
  digest: `sha256:${'0'.repeat(64)}`,
  labels: [...FAKE_LABELS],
  activation: 'softmax',
  imageSize: { height: 1, width: 1 },
  calibration: null,
} as unknown as ModelManifest;

const tellingLogits = async ([value = 0]: Uint8Array): Promise<Float32Array> =>
  Float32Array.of(value / 100, (value % 7) / 3, (value % 3) / 2);

/** Logits that tell which grey value was classified. */
export const createFakeModel = (
  logitsOf: (pixels: Uint8Array) => Promise<Float32Array> = tellingLogits,
): ClassifierModel => ({
  manifest,
  imageProcessor: {
    size: { height: 1, width: 1 },
    resample: 'nearest',
    resize: { kind: 'exact', height: 1, width: 1 },
    centerCrop: false,
    rescaleFactor: 1,
    imageMean: [0, 0, 0],
    imageStd: [1, 1, 1],
  },
  gate: null,
  run: async ({ pixels }, wanted) => fakeOutputs(wanted, { logits: await logitsOf(pixels) }),
  dispose: async () => undefined,
});

/** One that has features and no classifier. */
export const createHeadlessModel = (): ClassifierModel => {
  const model = createFakeModel();
  const outputs = { logits: null, features: 'features', pooled: null, attention: 'attention' };
  return {
    ...model,
    manifest: { ...model.manifest, labels: [], graph: { outputs } as ModelManifest['graph'] },
    run: async ({ pixels }, wanted) => fakeOutputs(wanted, { features: Float32Array.from(pixels) }),
  };
};

export const createFakeClassify = (model: ClassifierModel = createFakeModel()): ClassifyScanDeps => ({
  decoder: fakeDecoder,
  model: async () => model,
});
