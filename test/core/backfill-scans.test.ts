import fc from 'fast-check';
import { LISTED_FAILURES } from '../../lib/core/backfill-report';
import { type BackfillDeps, type BackfillObject, backfillScan } from '../../lib/core/backfill-scan';
import { type BackfillItem, type BackfillScansDeps, backfillScans } from '../../lib/core/backfill-scans';
import { SulcusError } from '../../lib/core/errors';
import { recordScan, type UploadEvent } from '../../lib/core/record-scan';
import { toScanEvent } from '../../lib/core/scan-event';
import { uploadKey } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';
import { createFakeClassify, createFakeModel, createHeadlessModel } from '../support/fake-classifier';
import { createLogRecorder } from '../support/log-recorder';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultObjects, createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';
import { scanRecord, sequencerOf } from '../support/scan-records';

const BUCKET = 'test-bucket';
const UNREADABLE = 255;
const ANNOUNCED = '0123456789abcdef0123456789abcdef';

const otherModel = () => {
  const model = createFakeModel();
  return { ...model, manifest: { ...model.manifest, version: '2', digest: `sha256:${'2'.repeat(64)}` } };
};

const setUp = (options: { versioned?: boolean } = {}) => {
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore(options);
  const resultObjects = createMemoryResultObjects();
  const meters = createUploadMeter();
  let runs = 0;
  const model = createFakeModel();
  const counting = {
    ...model,
    run: async (...args: Parameters<typeof model.run>) => {
      runs += 1;
      return model.run(...args);
    },
  };
  const logger = createLogRecorder();
  const deps: BackfillScansDeps = {
    classify: createFakeClassify(counting as typeof model),
    results,
    scans,
    resultObjects,
    bucketName: BUCKET,
    ...meters,
    logger,
    pause: async () => undefined,
  };
  let clock = 0;
  /** Puts a "file" of one grey value. @returns it as its event tells of it, and as a listing does */
  const put = (key: string, value: number) => {
    clock += 1;
    const reference = scans.put(BUCKET, key, Uint8Array.of(value));
    const eventTime = new Date(Date.UTC(2026, 0, 1) + clock * 1000).toISOString();
    const event: UploadEvent = { ...reference, sizeBytes: 1, sequencer: (0x5000 + clock).toString(16), eventTime };
    const object: BackfillObject = { ...event, sequencer: null };
    return { event, object };
  };
  const usage = async (keyId = 'bucket') => (await meters.meter.usage.list(keyId, '2000-01-01', '2100-01-01'))[0];
  return { results, scans, resultObjects, deps, put, usage, logger, runs: () => runs };
};

const real = { dryRun: false };
const once = { lastReceive: false };
const itemOf = (object: BackfillObject): BackfillItem => ({ key: object.key, look: async () => object });
const all = { dryRun: false, concurrency: 3 };

describe('backfillScan', () => {
  test('classifies what no event told of, dated from the object, and the second time does nothing', async () => {
    const { deps, put, results, runs, usage } = setUp();
    const { object } = put('a.png', 5);

    const first = await backfillScan(deps, object, real);
    const second = await backfillScan(deps, object, real);

    expect(first).toMatchObject({ outcome: 'classified', record: { label: 'mild', createdAt: object.eventTime } });
    expect(second).toMatchObject({ outcome: 'kept', scanId: first.scanId, record: { label: 'mild' } });
    expect([results.entries().length, runs(), (await usage())?.scans]).toEqual([1, 1, 1]);
  });

  test('the event of the same object, before, after or at the same time, makes no second result', async () => {
    const winners = new Set<number>();
    const ticks = fc.array(fc.nat(6), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), ticks, async (versioned, waits) => {
        const { deps, put, results, usage } = setUp({ versioned });
        const { event, object } = put('a.png', 5);
        let calls = 0;
        /** A store that answers after a while, each call after another. */
        const slow =
          <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
          async (...args: Args): Promise<Answer> => {
            const wait = waits[calls++ % waits.length] ?? 0;
            for (let tick = 0; tick < wait; tick += 1) await new Promise(setImmediate);
            return call(...args);
          };
        const slowResults = {
          ...deps.results,
          get: slow(results.get),
          replace: slow(results.replace),
          recordEvent: slow(results.recordEvent),
        };
        const slowDeps = { ...deps, results: slowResults };

        const recorded = await Promise.all([
          backfillScan(slowDeps, object, real),
          recordScan(slowDeps, event, once),
          backfillScan(slowDeps, object, real),
        ]);

        const outcomes = recorded.map(({ outcome }) => outcome);
        winners.add(outcomes.indexOf('classified'));
        expect(outcomes.toSorted()).toEqual(['classified', 'kept', 'kept']);
        expect([results.entries().length, (await usage())?.scans]).toEqual([1, 1]);
      }),
      { numRuns: 100 },
    );
    // Otherwise this has not seen what it is about.
    expect(winners).toEqual(new Set([0, 1, 2]));
  });

  test('gives a scan of another model the result of this one, keeping its place in the order of events', async () => {
    const { deps, put, results } = setUp();
    const { event, object } = put('a.png', 5);
    const { scanId } = await recordScan({ ...deps, classify: createFakeClassify(otherModel()) }, event, once);
    const before = (await results.get(scanId)) as ScanRecord;

    const { outcome } = await backfillScan(deps, object, real);
    const again = await recordScan({ ...deps, classify: createFakeClassify(otherModel()) }, event, once);

    const after = (await results.get(scanId)) as ScanRecord;
    expect([outcome, again.outcome]).toEqual(['classified', 'kept']);
    expect(after.model?.version).toBe('1');
    expect([after.sequencer, after.createdAt]).toEqual([before.sequencer, before.createdAt]);
    // Another result is another event for whoever listens.
    expect((await toScanEvent(after))?.eventId).not.toBe((await toScanEvent(before))?.eventId);
  });

  test('does not write over what an event wrote while it was at work', async () => {
    const { deps, put, results, scans } = setUp();
    const { object } = put(uploadKey(ANNOUNCED), 5);
    const newer = { ...scanRecord('classified', { scanId: ANNOUNCED, score: 0.9 }), sequencer: sequencerOf(9) };
    const read: typeof scans.read = async (...args) => {
      await results.recordEvent(newer);
      return scans.read(...args);
    };

    const { outcome, record } = await backfillScan({ ...deps, scans: { ...scans, read } }, object, real);

    expect([outcome, record?.sequencer]).toEqual(['kept', newer.sequencer]);
    expect(await results.get(ANNOUNCED)).toEqual(newer);
  });

  test('an announced scan whose event was lost keeps its key; what is uploaded there later is newer', async () => {
    const { deps, put, results } = setUp();
    await results.createOnce(scanRecord('pending', { scanId: ANNOUNCED, apiKeyId: 'a1b2c3d4e5f6' }));
    const { event: lost, object } = put(uploadKey(ANNOUNCED), 5);

    const { outcome } = await backfillScan(deps, object, real);
    const late = await recordScan(deps, lost, once);
    const replaced = await recordScan(deps, put(uploadKey(ANNOUNCED), UNREADABLE).event, once);

    expect([outcome, late.outcome, replaced.outcome]).toEqual(['classified', 'kept', 'rejected']);
    expect(await results.get(ANNOUNCED)).toMatchObject({ state: 'rejected', apiKeyId: 'a1b2c3d4e5f6' });
  });

  test('tries failed scans again, and rejected ones only where the file was not the reason', async () => {
    const { deps, put, results } = setUp();
    const outcomes: string[] = [];
    for (const [index, code] of ['UNREADABLE_IMAGE', 'SCAN_NOT_FOUND', 'MODEL_HAS_NO_LABELS', 'INTERNAL'].entries()) {
      const { event, object } = put(`${index}.png`, 5);
      const { scanId } = await backfillScan(deps, object, real);
      const state = code === 'INTERNAL' ? 'failed' : 'rejected';
      const stored = scanRecord(state, { scanId, error: { code, message: '' }, sequencer: event.sequencer });
      await results.replace(stored, (await results.get(scanId)) as ScanRecord);
      outcomes.push((await backfillScan(deps, object, real)).outcome);
    }

    expect(outcomes).toEqual(['kept', 'classified', 'classified', 'classified']);
  });

  test('leaves deleted scans deleted, and objects that are gone without a result', async () => {
    const { deps, put, results, scans } = setUp();
    const [buried, gone] = [put('buried.png', 5).object, put('gone.png', 5).object];
    const { scanId } = await backfillScan(deps, buried, real);
    await results.bury(scanId);
    await scans.remove(BUCKET, 'gone.png');

    expect((await backfillScan(deps, buried, real)).outcome).toBe('deleted');
    expect(await backfillScan(deps, gone, real)).toMatchObject({ outcome: 'deleted' });
    expect(results.entries()).toEqual([{ scanId, deleted: true }]);
  });

  test('classifies nothing that is older than results are kept, and in a dry run nothing', async () => {
    const { deps, put, results, runs } = setUp();
    const { object } = put('a.png', 5);
    const limited: BackfillDeps = { ...deps, keptFrom: '2026-02-01T00:00:00.000Z' };

    expect((await backfillScan(limited, object, real)).outcome).toBe('expired');
    expect((await backfillScan(deps, object, { dryRun: true })).outcome).toBe('due');
    expect([results.entries(), runs()]).toEqual([[], 0]);
  });

  test('writes the result beside the scan, unless that of a newer one is there', async () => {
    const { deps, put, resultObjects } = setUp();
    const older = put('a.png', 5).object;
    const { event } = put('a.png', 6);
    await recordScan(deps, event, once);
    const { object } = put('b.png', 5);

    await backfillScan(deps, older, real);
    await backfillScan(deps, object, real);

    expect(resultObjects.get(BUCKET, 'a.png')?.source.versionId).toBe(event.versionId);
    expect(resultObjects.get(BUCKET, 'b.png')?.state).toBe('classified');
  });
});

describe('backfillScans', () => {
  test('reports what was done, what is stored, and why not', async () => {
    const { deps, put } = setUp();
    const objects = [put('a.png', 5), put('b.png', 6), put('c.png', UNREADABLE)].map(({ object }) => object);
    await backfillScan(deps, objects[0]!, real);
    const lost: BackfillItem = { key: 'gone.png', look: async () => undefined };

    const report = await backfillScans(deps, [...objects.map(itemOf), lost], all);

    expect(report).toMatchObject({
      scans: 4,
      outcomes: { classified: 1, kept: 1, rejected: 1, deleted: 1, failed: 0, due: 0, expired: 0 },
      states: { classified: 2, rejected: 1 },
      reasons: { UNREADABLE_IMAGE: 1 },
      failures: [{ key: 'c.png', outcome: 'rejected', code: 'UNREADABLE_IMAGE' }],
    });
    expect(Object.values(report.labels).reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  test('logs a line for each scan it worked on, without the name of one', async () => {
    const { deps, put, logger } = setUp();
    await backfillScans(
      deps,
      [put('private name.png', 5), put('other name.png', 255)].map((p) => itemOf(p.object)),
      all,
    );

    const lines = JSON.stringify(logger.lines);
    expect(logger.lines).toHaveLength(2);
    expect(lines).not.toMatch(/name/);
  });

  test('tries what fails again, then goes on without it; the next run does what is left', async () => {
    const { deps, put, scans } = setUp();
    const items = Array.from({ length: 5 }, (_, index) => itemOf(put(`${index}.png`, 5).object));
    const tries = new Map<string, number>();
    const read: typeof scans.read = async (reference, maxBytes) => {
      const count = (tries.get(reference.key) ?? 0) + 1;
      tries.set(reference.key, count);
      const failures = { '1.png': 2, '3.png': 99 }[reference.key] ?? 0;
      if (count <= failures) throw new SulcusError('STORE_UNAVAILABLE', 'expected an answer, received none');
      return scans.read(reference, maxBytes);
    };

    const first = await backfillScans({ ...deps, scans: { ...scans, read } }, items, all);
    const second = await backfillScans(deps, items, all);

    expect(first.outcomes).toMatchObject({ classified: 4, failed: 1 });
    expect(first.failures).toEqual([{ key: '3.png', outcome: 'failed', code: 'STORE_UNAVAILABLE' }]);
    expect([tries.get('1.png'), tries.get('3.png')]).toEqual([3, 4]);
    expect(second.outcomes).toMatchObject({ classified: 1, kept: 4, failed: 0 });
  });

  test('starts nothing once time is up, and says so of what is left', async () => {
    const { deps, put, runs } = setUp();
    const items = Array.from({ length: 4 }, (_, index) => itemOf(put(`${index}.png`, 5).object));

    const report = await backfillScans(deps, items, { ...all, concurrency: 1, inTime: () => runs() < 2 });

    expect(report.outcomes).toMatchObject({ classified: 2, failed: 2 });
  });

  test('has at most so many objects at work', async () => {
    const { deps, put } = setUp();
    let [now, most] = [0, 0];
    const items = Array.from({ length: 9 }, (_, index) => put(`${index}.png`, 5).object).map((object) => ({
      key: object.key,
      look: async () => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now -= 1;
        return object;
      },
    }));

    await backfillScans(deps, items, all);

    expect(most).toBe(3);
  });

  test('is refused before anything is read by a model without labels', async () => {
    const { deps, put } = setUp();
    const headless = { ...deps, classify: createFakeClassify(createHeadlessModel()) };

    await expect(backfillScans(headless, [itemOf(put('a.png', 5).object)], all)).rejects.toMatchObject({
      code: 'MODEL_HAS_NO_LABELS',
    });
  });

  test('names the first failures and counts all', async () => {
    const { deps } = setUp();
    const look = async () => Promise.reject(new SulcusError('CONFIG_INVALID', 'expected a file, received none'));
    const items = Array.from({ length: LISTED_FAILURES + 5 }, (_, index) => ({ key: `${index}`, look }));

    const report = await backfillScans(deps, items, all);

    expect([report.failures.length, report.reasons.CONFIG_INVALID]).toEqual([LISTED_FAILURES, LISTED_FAILURES + 5]);
  });
});
