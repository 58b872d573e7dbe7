import { type BackfillHandlerDeps, createHandler } from '../../functions/backfill-scans/handler';
import { SulcusError } from '../../lib/core/errors';
import { BACKFILL } from '../../lib/topology';
import { createFakeClassify } from '../support/fake-classifier';
import { createLogRecorder } from '../support/log-recorder';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';

const BUCKET = 'test-bucket';
const UPLOADED = '2026-01-02T03:04:05.000Z';

const setUp = (given: Partial<BackfillHandlerDeps> = {}) => {
  const scans = createMemoryScanStore();
  const results = createMemoryResultStore();
  const logger = createLogRecorder();
  const versions = new Map<string, ReturnType<typeof scans.put>>();
  const put = (key: string, value: number) => versions.set(key, scans.put(BUCKET, key, Uint8Array.of(value)));
  const handle = createHandler({
    classify: createFakeClassify(),
    results,
    scans,
    bucketName: BUCKET,
    ...createUploadMeter(),
    logger,
    pause: async () => undefined,
    retentionDays: null,
    lookUp: async (_, key) => {
      const reference = versions.get(key);
      return reference && { ...reference, sizeBytes: 1, sequencer: null, eventTime: UPLOADED };
    },
    ...given,
  });
  return { put, handle, results, logger };
};

/** As the ItemBatcher of the distributed map writes it. */
const batch = (keys: readonly string[], dryRun = false) => ({
  BatchInput: { bucket: BUCKET, dryRun },
  Items: keys.map((key) => ({ key, sizeBytes: key.endsWith('/') ? 0 : 1 })),
});
const inTime = { getRemainingTimeInMillis: () => 200_000 };

describe('the function that backfills', () => {
  test('classifies a batch of a listing, dated as the objects are, and answers the report', async () => {
    const { put, handle, results } = setUp();
    put('a.png', 5);
    put('b.png', 255);

    const report = await handle(batch(['a.png', 'b.png', 'gone.png']), inTime);

    expect(report).toMatchObject({
      scans: 3,
      outcomes: { classified: 1, rejected: 1, deleted: 1, failed: 0 },
      failures: [{ key: 'b.png', outcome: 'rejected', code: 'UNREADABLE_IMAGE' }],
    });
    expect(results.entries()).toHaveLength(2);
    for (const entry of results.entries()) expect(entry).toMatchObject({ createdAt: UPLOADED });
  });

  test('a batch that comes again finds everything done', async () => {
    const { put, handle } = setUp();
    put('a.png', 5);
    await handle(batch(['a.png']), inTime);

    expect((await handle(batch(['a.png']), inTime)).outcomes).toMatchObject({ kept: 1, classified: 0 });
  });

  test('leaves out markers of folders and results beside scans', async () => {
    const { put, handle } = setUp();
    put('a.png', 5);

    const report = await handle(batch(['folder/', 'a.png', 'a.png.sulcus.json']), inTime);

    expect([report.scans, report.outcomes.classified]).toEqual([1, 1]);
  });

  test('classifies nothing in a dry run', async () => {
    const { put, handle, results } = setUp();
    put('a.png', 5);

    expect((await handle(batch(['a.png'], true), inTime)).outcomes).toMatchObject({ due: 1 });
    expect(results.entries()).toEqual([]);
  });

  test('starts nothing that may not end in time, and counts it as failed', async () => {
    const { put, handle } = setUp();
    put('a.png', 5);

    const report = await handle(batch(['a.png']), { getRemainingTimeInMillis: () => 5_000 });

    expect([report.outcomes.failed, report.reasons]).toEqual([1, { INTERNAL: 1 }]);
  });

  test('classifies nothing that retention would take at once', async () => {
    const { put, handle } = setUp({ retentionDays: 1 });
    put('a.png', 5);

    expect((await handle(batch(['a.png']), inTime)).outcomes).toMatchObject({ expired: 1, classified: 0 });
  });

  test('answers a report that fits the cause of an error, with all counts', async () => {
    const lookUp = async () => Promise.reject(new SulcusError('CONFIG_INVALID', 'expected a bucket, received none'));
    const { handle } = setUp({ lookUp });
    const keys = Array.from({ length: BACKFILL.batchItems }, (_, index) => `${index}${'é'.repeat(800)}`);

    const report = await handle(batch(keys), inTime);

    expect(JSON.stringify(report).length).toBeLessThanOrEqual(BACKFILL.causeCharacters);
    expect(report.outcomes.failed).toBe(keys.length);
    expect(report.failures.length).toBeGreaterThan(20);
  });

  test('refuses what is no batch, without its values', async () => {
    const { handle } = setUp();
    const refused = handle({ BatchInput: { bucket: BUCKET }, Items: [{ key: 'a name', sizeBytes: '1' }] }, inTime);

    await expect(refused).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(refused).rejects.toThrow(/^expected a batch.*BatchInput\.dryRun.*Items\.0\.sizeBytes/);
    await expect(refused).rejects.not.toThrow(/a name/);
  });
});
