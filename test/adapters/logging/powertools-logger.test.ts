import { createLogger } from '../../../lib/adapters/logging/powertools-logger';
import { METRICS } from '../../../lib/topology';

let written: string[];
beforeEach(() => {
  written = [];
  // Powertools writes through a console of its own on these streams.
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(...String(chunk).split('\n').filter(Boolean));
      return true;
    });
  }
});
afterEach(() => jest.restoreAllMocks());

const linesOf = (log: (logger: ReturnType<typeof createLogger>) => void) => {
  log(createLogger('classify-upload'));
  return written.map((line) => JSON.parse(line));
};
const TIMES = { decodeMs: 2.5, preprocessMs: 1, inferenceMs: 40.25 };

describe('a log line', () => {
  it('about a scan is one JSON object that CloudWatch counts too', () => {
    const [line, ...others] = linesOf((logger) =>
      logger.info('scan', { scanId: 'a1', outcome: 'classified', abstained: true, ...TIMES }),
    );

    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'INFO',
      message: 'scan',
      function: 'classify-upload',
      scanId: 'a1',
      outcome: 'classified',
      ...TIMES,
      [METRICS.classified]: 1,
      [METRICS.abstained]: 1,
      [METRICS.decodeMs]: 2.5,
      [METRICS.inferenceMs]: 40.25,
    });
    expect(line._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: METRICS.namespace,
        Dimensions: [['service']],
        Metrics: [
          { Name: METRICS.classified, Unit: 'Count' },
          { Name: METRICS.abstained, Unit: 'Count' },
          { Name: METRICS.decodeMs, Unit: 'Milliseconds' },
          { Name: METRICS.inferenceMs, Unit: 'Milliseconds' },
        ],
      },
    ]);
    // The dimension is a member of the line: the alarms look for this value of it.
    expect(line.service).toBe(METRICS.service);
    expect(line._aws.Timestamp).toBeCloseTo(Date.now(), -5);
  });

  it.each([
    ['rejected', METRICS.rejected],
    ['UNREADABLE_IMAGE', METRICS.rejected],
    ['failed', METRICS.failed],
    ['INFERENCE_FAILED', METRICS.failed],
  ])('of outcome %s counts as %s and as nothing else', (outcome, name) => {
    const [line] = linesOf((logger) => logger.error('scan', new Error('expected'), { outcome }));

    expect(line._aws.CloudWatchMetrics[0].Metrics).toEqual([{ Name: name, Unit: 'Count' }]);
    expect(line).toMatchObject({ level: 'ERROR', [name]: 1 });
  });

  it.each(['retry', 'kept', 'deleted', 'extracted'])('of outcome %s counts as no scan', (outcome) => {
    const [line] = linesOf((logger) => logger.info('scan', { outcome, ...TIMES }));

    expect(line).toMatchObject({ outcome, ...TIMES });
    expect(line).not.toHaveProperty('_aws');
  });

  it('carries what it is about, and nothing of the line before', () => {
    const lines = linesOf((logger) => {
      logger.info('scan', { outcome: 'classified', abstained: false, ...TIMES });
      logger.info('scan', { outcome: 'rejected' });
      logger.info('event published', { outcome: 'classified' });
    });

    expect(lines.map((line) => line._aws?.CloudWatchMetrics[0].Metrics.length)).toEqual([4, 1, undefined]);
    expect(lines[0][METRICS.abstained]).toBe(0);
    expect(lines[1]).not.toHaveProperty(METRICS.decodeMs);
  });
});
