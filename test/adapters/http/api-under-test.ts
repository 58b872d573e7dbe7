import { type ApiDeps, type Caller, createApi } from '../../../lib/adapters/http';
import { modelFactsExample } from '../../../lib/adapters/http/examples';
import { SulcusError } from '../../../lib/core/errors';
import type { ModelManifest } from '../../../lib/core/model-manifest';
import type { ClassifierModel, ImageDecoder } from '../../../lib/core/ports';
import { fakeOutputs } from '../../support/fake-outputs';
import { createLogRecorder } from '../../support/log-recorder';
import { createMemoryMeter } from '../../support/memory-meter';
import { createMemoryResultStore, createMemoryScanStore } from '../../support/memory-stores';

const { notice, ...exampleManifest } = modelFactsExample;
export const manifest: ModelManifest = {
  ...exampleManifest,
  name: 'tiny',
  labels: ['a', 'b', 'c'],
  imageSize: { height: 2, width: 2 },
  calibration: null,
};

/** Something that starts like a PNG; the fake decoder takes it for a picture of one grey. */
export const image = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);
export const otherImage = Buffer.from([0x89, 0x50, 0x4e, 0x47, 9, 9, 9]);

/** Takes what starts like a PNG; the last byte is the grey of every pixel. */
const decoder: ImageDecoder = {
  decode: async (bytes) => {
    if (bytes[0] !== 0x89) throw new SulcusError('UNSUPPORTED_IMAGE', 'expected PNG for the image, received no PNG');
    return {
      pixels: new Uint8Array(4).fill(bytes.at(-1) ?? 0),
      width: 2,
      height: 2,
      channels: 1,
      dispose: () => undefined,
    };
  },
};

type Outputs = ModelManifest['graph']['outputs'];
type FakeModel = ClassifierModel & { runs: number; wanted: readonly string[] };

/** Logit of label i is i / 2 plus the picture's grey for the first label; that grey is the first feature. */
const createModel = (labels: readonly string[], outputs: Outputs): FakeModel => ({
  runs: 0,
  wanted: [],
  manifest: { ...manifest, labels: [...labels], graph: { ...manifest.graph, outputs } },
  imageProcessor: {
    size: { height: 2, width: 2 },
    resample: 'bilinear',
    resize: { kind: 'exact', height: 2, width: 2 },
    centerCrop: false,
    rescaleFactor: 1,
    imageMean: [0, 0, 0],
    imageStd: [1, 1, 1],
  },
  gate: null,
  async run({ pixels }, wanted) {
    this.runs += 1;
    this.wanted = wanted;
    const [grey = 0] = pixels;
    const { outputs } = this.manifest.graph;
    return fakeOutputs(wanted, {
      ...(outputs.logits === null
        ? {}
        : { logits: Float32Array.from(labels, (_, index) => (index === 0 ? grey : index / 2)) }),
      ...(outputs.features === null ? {} : { features: Float32Array.of(grey, 0.1, -2) }),
      ...(outputs.pooled === null ? {} : { pooled: Float32Array.of(0.5, -0.5) }),
      ...(outputs.attention === null ? {} : { attention: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0, 1, 0, 0, 0, 0) }),
    });
  },
  dispose: async () => undefined,
});

/** The API on in-memory stores with a model of three labels; every part can be replaced. */
export const createApiUnderTest = (
  overrides: Partial<ApiDeps> = {},
  given: { labels?: readonly string[]; outputs?: Partial<Outputs> } = {},
) => {
  const { labels = manifest.labels } = given;
  const logits = labels.length === 0 ? null : 'logits';
  const model = createModel(labels, { ...manifest.graph.outputs, logits, ...given.outputs });
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore();
  const logger = createLogRecorder();
  const caller: { -readonly [Member in keyof Caller]: Caller[Member] } = { requestId: 'request-1', apiKeyId: 'key-1' };
  let time = Date.parse('2026-01-31T12:00:00.000Z');
  const now = (): number => {
    time += 1000;
    return time;
  };
  const meter = createMemoryMeter({ now: () => time, logger });
  const app = createApi({
    classify: { decoder, model: async () => model },
    results,
    scans,
    bucketName: 'test-bucket',
    logger,
    meter,
    now,
    corsOrigins: [],
    identify: () => caller,
    ...overrides,
  });
  const classify = (init: { headers?: Record<string, string>; body?: Buffer | string; query?: string } = {}) =>
    app.request(`/v1/classify${init.query ?? ''}`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...init.headers },
      body: init.body ?? image,
    });
  return { app, model, results, scans, meter, lines: logger.lines, caller, classify };
};

/** What an error answer must hold: its status, its code, our shape and nothing else. */
export const expectError = async (response: Response, status: number, code: string): Promise<string> => {
  const body = await response.json();

  expect({ status: response.status, body }).toEqual({
    status,
    body: { error: { code, message: expect.any(String), requestId: response.headers.get('x-request-id') } },
  });
  return (body as { error: { message: string } }).error.message;
};

export const jsonOf = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
