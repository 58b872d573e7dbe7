import { handler } from '../../functions/classify-api/handler';
import * as onnx from '../../lib/adapters/onnx';
import { SulcusError } from '../../lib/core/errors';
import { gatewayEvent } from './gateway-events';

jest.mock('../../lib/adapters/onnx', () => ({
  openModel: jest.fn(),
  openBundle: jest.fn(),
  bundlesBeside: async () => [],
}));

const ENVIRONMENT = {
  SULCUS_TABLE: 'table',
  SULCUS_BUCKET: 'bucket',
  SULCUS_MODEL_FOLDER: '/opt/model',
  SULCUS_EXACT_PRODUCTS: 'on',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '3538',
  AWS_REGION: 'eu-central-1',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
};
const before = { ...process.env };
beforeAll(() => {
  Object.assign(process.env, ENVIRONMENT);
});
afterAll(() => {
  process.env = before;
});

test('the deployed API opens its model as the environment says, with the CPUs of its memory, for the scan that waits', async () => {
  const openModel = jest.mocked(onnx.openModel);
  openModel.mockRejectedValue(new SulcusError('MODEL_UNAVAILABLE', 'not here'));

  const answer = await handler(
    gatewayEvent('POST', '/v1/classify', {
      query: { store: ['false'] },
      headers: { 'content-type': 'image/png' },
      body: 'AAAA',
      isBase64Encoded: true,
    }),
  );

  expect(answer.statusCode).toBe(503);
  expect(openModel.mock.calls[0]).toEqual([
    '/opt/model',
    { threads: undefined, cpus: 2, exactProducts: true, prepack: undefined, expectedScans: 1 },
  ]);
});
