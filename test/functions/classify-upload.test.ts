import { createHandler } from '../../functions/classify-upload/handler';
import { SulcusError } from '../../lib/core/errors';
import { objectScanId } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';
import { createFakeClassify, createFakeModel, createHeadlessModel } from '../support/fake-classifier';
import { createLogRecorder } from '../support/log-recorder';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';
import { eventBridgeBody, s3Body, s3Record, sqsEvent, sqsRecord } from '../support/s3-messages';

const plenty = { getRemainingTimeInMillis: () => 60_000 };

const setUp = (model = createFakeModel()) => {
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore();
  const logger = createLogRecorder();
  const handler = createHandler({
    classify: createFakeClassify(model),
    results,
    scans,
    bucketName: 'test-bucket',
    ...createUploadMeter(),
    logger,
    maxReceiveCount: 5,
  });
  const put = (key: string, value: number) => {
    const { versionId, etag } = scans.put('test-bucket', key, Uint8Array.of(value));
    const encoded = encodeURIComponent(key).replaceAll('%20', '+');
    return s3Record({ key: encoded, versionId: versionId ?? undefined, eTag: etag ?? undefined });
  };
  return { results, scans, logger, handler, put };
};

const failing = () => createFakeModel(() => Promise.reject(new Error('native crash')));

describe('the upload handler', () => {
  it('stores one result per object and answers that nothing failed', async () => {
    const { handler, put, results } = setUp();
    const event = sqsEvent(
      sqsRecord('m1', s3Body(put('Jane Doe é.png', 1), put('b.png', 2))),
      sqsRecord('m2', s3Body(put('broken.png', 255))),
    );

    const response = await handler(event, plenty);

    expect(response).toEqual({ batchItemFailures: [] });
    const stored = results.entries() as ScanRecord[];
    expect(Object.fromEntries(stored.map(({ source, state }) => [source.key, state]))).toEqual({
      'Jane Doe é.png': 'classified',
      'b.png': 'classified',
      'broken.png': 'rejected',
    });
  });

  it('answers for a malformed message alone', async () => {
    const { handler, put, results } = setUp();
    const event = sqsEvent(
      sqsRecord('m1', s3Body(put('a.png', 1))),
      sqsRecord('m2', '{"not":"ours"}'),
      sqsRecord('m3', s3Body(put('b.png', 2))),
    );

    const response = await handler(event, plenty);

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] });
    expect(results.entries()).toHaveLength(2);
  });

  it('asks for a message again when the model fails, and says so in the table only on the last receive', async () => {
    const { handler, put, results } = setUp(failing());
    const early = put('early.png', 1);
    const late = put('late.png', 2);

    const response = await handler(
      sqsEvent(sqsRecord('m1', s3Body(early), 4), sqsRecord('m2', s3Body(late), 5)),
      plenty,
    );

    expect(response.batchItemFailures).toEqual(
      expect.arrayContaining([{ itemIdentifier: 'm1' }, { itemIdentifier: 'm2' }]),
    );
    const stored = results.entries() as ScanRecord[];
    expect(stored.map(({ source, state, error }) => [source.key, state, error?.code])).toEqual([
      ['late.png', 'failed', 'INTERNAL'],
    ]);
  });

  it('rejects what a model without a classifier cannot label, with that reason, once and for all', async () => {
    const { handler, put, results } = setUp(createHeadlessModel());

    const response = await handler(sqsEvent(sqsRecord('m1', s3Body(put('a.png', 1)))), plenty);

    expect(response).toEqual({ batchItemFailures: [] });
    expect(results.entries()).toEqual([
      expect.objectContaining({ state: 'rejected', error: expect.objectContaining({ code: 'MODEL_HAS_NO_LABELS' }) }),
    ]);
  });

  it('classifies the other objects of a message whose one object fails, once', async () => {
    let runs = 0;
    const flaky = createFakeModel(async ([value = 0]) => {
      runs += 1;
      if (runs === 1) throw new SulcusError('INFERENCE_FAILED', 'expected logits, received none');
      return Float32Array.of(value, 0, 0);
    });
    const { handler, put, results } = setUp(flaky);
    const body = s3Body(put('a.png', 1), put('b.png', 2));

    const first = await handler(sqsEvent(sqsRecord('m1', body)), plenty);
    const second = await handler(sqsEvent(sqsRecord('m1', body, 2)), plenty);

    expect(first.batchItemFailures).toEqual([{ itemIdentifier: 'm1' }]);
    expect(second.batchItemFailures).toEqual([]);
    expect(results.entries()).toHaveLength(2);
    expect(runs).toBe(3);
  });

  it('reads the next scan while one is computed, computes one at a time, and has never more than two in hand', async () => {
    let inHand = 0;
    let computing = 0;
    const seen: { inHand: number; computing: number }[] = [];
    const model = createFakeModel(async () => {
      computing += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push({ inHand, computing });
      computing -= 1;
      inHand -= 1;
      return Float32Array.of(1, 0, 0);
    });
    const { handler, put, results, scans } = setUp(model);
    const read = scans.read;
    jest.spyOn(scans, 'read').mockImplementation(async (...args) => {
      inHand += 1;
      return read(...args);
    });
    const messages = [1, 2, 3, 4, 5].map((value) => sqsRecord(`m${value}`, s3Body(put(`${value}.png`, value))));

    const response = await handler(sqsEvent(...messages), plenty);

    expect(response).toEqual({ batchItemFailures: [] });
    expect(results.entries()).toHaveLength(5);
    expect(Math.max(...seen.map(({ computing }) => computing))).toBe(1);
    expect(Math.max(...seen.map(({ inHand }) => inHand))).toBe(2);
  });

  it('stops before the deadline: at least one message is tried, the most received first, the rest comes again', async () => {
    const { handler, put, results } = setUp();
    const messages = [1, 3, 2].map((receives) =>
      sqsRecord(`m${receives}`, s3Body(put(`${receives}.png`, 1)), receives),
    );

    const response = await handler(sqsEvent(...messages), { getRemainingTimeInMillis: () => 1000 });

    expect(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m2', 'm1']);
    expect((results.entries() as ScanRecord[]).map(({ source }) => source.key)).toEqual(['3.png']);
  });

  it('records objects of an existing bucket by EventBridge once, in any order, under the key as it is', async () => {
    const { handler, scans, results } = setUp();
    const key = 'mri/Jane Doe+50%.png';
    const bodyOf = (value: number, sequencer: string): string => {
      const { versionId, etag } = scans.put('their-bucket', key, Uint8Array.of(value));
      return eventBridgeBody(key, 'Object Created', { bucket: 'their-bucket', versionId, etag, sequencer });
    };
    const [first, second] = [bodyOf(1, '0055aed6dcd90281e5'), bodyOf(2, '0055AED6DCD90281F0')];
    const bodies = [second, first, second, first, second];

    const response = await handler(sqsEvent(...bodies.map((body, index) => sqsRecord(`m${index}`, body))), plenty);

    expect(response).toEqual({ batchItemFailures: [] });
    const stored = results.entries() as ScanRecord[];
    expect(stored.map(({ source, state }) => [source.bucket, source.key, state])).toEqual([
      ['their-bucket', key, 'classified'],
      ['their-bucket', key, 'classified'],
    ]);
    expect(new Set(stored.map(({ source }) => source.versionId)).size).toBe(2);
  });

  it('records `failed` for a message that is out of time on its last receive', async () => {
    const { handler, put, results } = setUp();
    const [first, second] = [put('first.png', 1), put('second.png', 1)];
    const event = sqsEvent(sqsRecord('m1', s3Body(first), 5), sqsRecord('m2', s3Body(second), 5));

    const response = await handler(event, { getRemainingTimeInMillis: () => 1000 });

    expect(response.batchItemFailures).toEqual([{ itemIdentifier: 'm2' }]);
    const { bucket, object } = second.s3;
    const reference = { bucket: bucket.name, key: object.key, versionId: object.versionId ?? null, etag: object.eTag };
    const id = await objectScanId(reference, 'test-bucket');
    expect(await results.get(id)).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
  });

  it('logs one line a scan, with neither key nor message', async () => {
    const { handler, put, logger } = setUp();

    await handler(sqsEvent(sqsRecord('m1', s3Body(put('Jane Doe.png', 1), put('Jane Roe.png', 255)))), plenty);

    expect(logger.lines.map(({ fields }) => [fields.outcome, fields.code])).toEqual([
      ['classified', undefined],
      ['rejected', 'UNREADABLE_IMAGE'],
    ]);
    expect(logger.lines[0]?.fields).toMatchObject({
      scanId: expect.any(String),
      modelDigest: expect.stringMatching(/^sha256:/),
    });
    expect(JSON.stringify(logger.lines)).not.toContain('Jane');
  });

  it('refuses an event that is not from a queue', async () => {
    const { handler } = setUp();

    await expect(handler({ Records: [{}] } as never, plenty)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
