import { type ApiDeps, createApi } from '../../../lib/adapters/http';
import { modelFactsExample } from '../../../lib/adapters/http/examples';
import { SulcusError } from '../../../lib/core/errors';
import type { ModelManifest } from '../../../lib/core/model-manifest';
import type { ClassifierModel, ImageDecoder } from '../../../lib/core/ports';
import { createLogRecorder } from '../../support/log-recorder';
import { createMemoryResultStore, createMemoryScanStore } from '../../support/memory-stores';

const { notice, ...exampleManifest } = modelFactsExample;
export const manifest: ModelManifest = {
  ...exampleManifest,
  name: 'tiny',
  labels: ['a', 'b', 'c'],
  imageSize: { height: 2, width: 2 },
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

/** Logit of label i is i / 2 plus the picture's grey for the first label. */
const createModel = (labels: readonly string[]): ClassifierModel & { runs: number } => ({
  runs: 0,
  manifest: { ...manifest, labels: [...labels] },
  imageProcessor: {
    size: { height: 2, width: 2 },
    resample: 'bilinear',
    resize: { kind: 'exact', height: 1, width: 1 },
    centerCrop: false,
    rescaleFactor: 1,
    imageMean: [0, 0, 0],
    imageStd: [1, 1, 1],
  },
  async run(pixels) {
    this.runs += 1;
    return Float32Array.from(labels, (_, index) => (index === 0 ? (pixels[0] ?? 0) : index / 2));
  },
  dispose: async () => undefined,
});

/** The API on in-memory stores with a model of three labels; every part can be replaced. */
export const createApiUnderTest = (
  overrides: Partial<ApiDeps> = {},
  { labels = manifest.labels }: { labels?: readonly string[] } = {},
) => {
  const model = createModel(labels);
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore();
  const logger = createLogRecorder();
  const caller = { requestId: 'request-1', apiKeyId: 'key-1' as string | null };
  let time = Date.parse('2026-01-31T12:00:00.000Z');
  const app = createApi({
    classify: { decoder, model: async () => model },
    results,
    scans,
    bucketName: 'test-bucket',
    logger,
    now: () => {
      time += 1000;
      return time;
    },
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
  return { app, model, results, scans, lines: logger.lines, caller, classify };
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
