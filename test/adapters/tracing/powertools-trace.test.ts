import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import type { Trace } from '../../../lib/core/ports';

/** As Lambda sets it for a sampled request. */
const TRACE = '1-67891233-abcdef012345678912345678';
const SAMPLED = `Root=${TRACE};Parent=463ac35c9f6413ad;Sampled=1`;

let daemon: Socket;
let parts: Record<string, unknown>[];
let createTrace: () => Trace;
const before = { ...process.env };

beforeAll(async () => {
  daemon = createSocket('udp4').on('message', (message) => {
    const [, part = ''] = String(message).split('\n');
    parts.push(JSON.parse(part));
  });
  await new Promise<void>((resolve) => daemon.bind(0, '127.0.0.1', resolve));
  const { port } = daemon.address() as AddressInfo;
  Object.assign(process.env, {
    AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${port}`,
    AWS_LAMBDA_FUNCTION_NAME: 'sulcus',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    LAMBDA_TASK_ROOT: '/var/task',
    _X_AMZN_TRACE_ID: SAMPLED,
  });
  // Loaded here: X-Ray's library reads where it runs when it is loaded.
  ({ createTrace } = require('../../../lib/adapters/tracing') as typeof import('../../../lib/adapters/tracing'));
});
beforeEach(() => {
  parts = [];
  process.env._X_AMZN_TRACE_ID = SAMPLED;
});
afterAll(async () => {
  process.env = before;
  await new Promise<void>((resolve) => daemon.close(resolve));
});

const received = async (count: number): Promise<void> => {
  for (let waited = 0; parts.length < count && waited < 2000; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('a trace', () => {
  it('shows the parts of a sampled request by name and time, side by side', async () => {
    const trace = createTrace();

    const answers = await Promise.all([trace('decode', async () => 1), trace('infer', async () => 2)]);
    await received(2);

    expect(answers).toEqual([1, 2]);
    expect(parts.map(({ name }) => name).toSorted()).toEqual(['decode', 'infer']);
    for (const part of parts) {
      expect(part).toMatchObject({ trace_id: TRACE, parent_id: '463ac35c9f6413ad' });
      expect(Number(part.end_time)).toBeGreaterThanOrEqual(Number(part.start_time));
    }
  });

  it('says that a part failed, and nothing of what the error says', async () => {
    const trace = createTrace();
    const failure = new Error('expected scans/Jane Doe.png');

    await expect(
      trace('read scan', async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    await received(1);

    expect(parts).toEqual([expect.objectContaining({ name: 'read scan', fault: true })]);
    expect(JSON.stringify(parts)).not.toContain('Jane');
  });

  it('is not made of requests that are not sampled', async () => {
    process.env._X_AMZN_TRACE_ID = SAMPLED.replace('Sampled=1', 'Sampled=0');
    const trace = createTrace();

    await trace('decode', async () => undefined);
    process.env._X_AMZN_TRACE_ID = SAMPLED;
    await trace('infer', async () => undefined);
    await received(1);

    expect(parts.map(({ name }) => name)).toEqual(['infer']);
  });
});
