import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { SulcusError } from '../../lib/core/errors';
import { type RecordScanDeps, recordFailure, recordScan, type UploadEvent } from '../../lib/core/record-scan';
import { objectScanId, uploadKey } from '../../lib/core/scan-ids';
import { isTombstone, type ScanRecord } from '../../lib/core/scan-record';
import { LIMITS } from '../../lib/topology';
import { calibrationOf } from '../support/calibrations';
import { createFakeClassify, createFakeModel } from '../support/fake-classifier';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';

const BUCKET = 'test-bucket';
const UNREADABLE = 255;

const setUp = (options: { versioned?: boolean } = {}) => {
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore(options);
  let clock = 0;
  /** Puts a "file" of one grey value and answers the event S3 would send. */
  const put = (key: string, value: number): UploadEvent => {
    clock += 1;
    const reference = scans.put(BUCKET, key, Uint8Array.of(value));
    const sequencer = (0x5000 + clock).toString(16);
    const eventTime = new Date(Date.UTC(2026, 0, 1) + clock * 1000).toISOString();
    return { ...reference, sizeBytes: 1, sequencer, eventTime };
  };
  const deps: RecordScanDeps = {
    classify: createFakeClassify(),
    results,
    scans,
    bucketName: BUCKET,
    ...createUploadMeter(),
  };
  return { results, scans, put, deps };
};

const pending = (scanId: string, createdAt = '2025-12-31T00:00:00.000Z'): ScanRecord => ({
  scanId,
  state: 'pending',
  label: null,
  score: null,
  scores: [],
  truncated: false,
  abstainReason: null,
  model: null,
  source: { kind: 'upload', bucket: BUCKET, key: uploadKey(scanId), versionId: null },
  timings: null,
  error: null,
  apiKeyId: 'a1b2c3d4e5f6',
  createdAt,
  sequencer: null,
  requestHash: 'f'.repeat(64),
});

const ANNOUNCED = '0123456789abcdef0123456789abcdef';
const once = { lastReceive: false };
const last = { lastReceive: true };

describe('recordScan', () => {
  it('stores the classification of an object under an id made of bucket, key and version', async () => {
    const { results, put, deps } = setUp();
    const event = put('a b/é.png', 5);

    const recorded = await recordScan(deps, event, once);

    expect(recorded).toMatchObject({ outcome: 'classified', scanId: await objectScanId(event, BUCKET) });
    expect(await results.get(recorded.scanId)).toMatchObject({
      state: 'classified',
      label: 'mild',
      truncated: false,
      source: { kind: 'upload', bucket: BUCKET, key: 'a b/é.png', versionId: 'version-1' },
      apiKeyId: null,
      createdAt: event.eventTime,
      error: null,
    });
  });

  it('stores why a scan abstained, still classified and with its scores', async () => {
    const { results, put, deps } = setUp();
    const model = createFakeModel();
    const calibration = calibrationOf({ threshold: { score: 1, margin: 0, rule: 'a test' } });
    const classify = createFakeClassify({ ...model, manifest: { ...model.manifest, calibration } });

    const recorded = await recordScan({ ...deps, classify }, put('a.png', 5), once);

    expect(await results.get(recorded.scanId)).toMatchObject({
      state: 'classified',
      label: 'mild',
      abstainReason: 'low_confidence',
      scores: [{}, {}, {}],
    });
  });

  it('keeps the top scores of a model with many labels and says so', async () => {
    const { results, put, deps } = setUp();
    const labels = Array.from({ length: 30 }, (_, index) => `label ${index}`);
    const model = createFakeModel(async () => Float32Array.from(labels, (_, index) => index));
    const wide = { ...model, manifest: { ...model.manifest, labels } };

    const { scanId } = await recordScan({ ...deps, classify: createFakeClassify(wide) }, put('a.png', 1), once);

    const stored = (await results.get(scanId)) as ScanRecord;
    expect(stored.truncated).toBe(true);
    expect(stored.scores.map(({ label }) => label)).toEqual(labels.toReversed().slice(0, LIMITS.storedScores));
  });

  it('leaves a classified scan as it is when its event comes again, without reading the object', async () => {
    const { put, deps, scans, results } = setUp();
    const event = put('a.png', 5);
    const { scanId } = await recordScan(deps, event, once);
    const before = await results.get(scanId);
    await scans.remove(BUCKET, 'a.png');

    const again = await recordScan(deps, event, once);

    expect(again).toEqual({ scanId, outcome: 'kept' });
    expect(await results.get(scanId)).toEqual(before);
  });

  it('makes a second scan of the same key with new content', async () => {
    const { put, deps, results } = setUp();

    const first = await recordScan(deps, put('a.png', 1), once);
    const second = await recordScan(deps, put('a.png', 2), once);

    expect(second.scanId).not.toBe(first.scanId);
    expect(results.entries()).toHaveLength(2);
  });

  it('keeps id, date, key and request of what was announced, through a second upload too', async () => {
    const { put, deps, results } = setUp();
    await results.createOnce(pending(ANNOUNCED));

    await recordScan(deps, put(uploadKey(ANNOUNCED), UNREADABLE), once);
    const second = await recordScan(deps, put(uploadKey(ANNOUNCED), 7), once);

    expect(second).toMatchObject({ scanId: ANNOUNCED, outcome: 'classified' });
    const { createdAt, apiKeyId, requestHash } = pending(ANNOUNCED);
    expect(await results.get(ANNOUNCED)).toMatchObject({ state: 'classified', createdAt, apiKeyId, requestHash });
  });

  it('leaves the result of an API call alone, whoever uploads under its id', async () => {
    const { put, deps, scans, results } = setUp();
    const made = { ...pending(ANNOUNCED), state: 'classified' as const };
    await results.createOnce(made);
    const event = put(uploadKey(ANNOUNCED), 7);
    await scans.remove(BUCKET, event.key);

    const recorded = await recordScan(deps, event, once);

    expect(recorded).toEqual({ scanId: ANNOUNCED, outcome: 'kept' });
    expect(await results.get(ANNOUNCED)).toEqual(made);
  });

  it('keeps the newer upload when the older event comes later', async () => {
    const { put, deps, results } = setUp();
    const older = put(uploadKey(ANNOUNCED), UNREADABLE);
    const newer = put(uploadKey(ANNOUNCED), 7);
    await recordScan(deps, newer, once);

    const late = await recordScan(deps, older, once);

    expect(late.outcome).toBe('kept');
    expect(await results.get(ANNOUNCED)).toMatchObject({ state: 'classified' });
  });

  it('rejects an unreadable file with its reason', async () => {
    const { put, deps, results } = setUp();

    const { scanId, outcome } = await recordScan(deps, put('a.png', UNREADABLE), once);

    expect(outcome).toBe('rejected');
    expect(await results.get(scanId)).toMatchObject({
      state: 'rejected',
      label: null,
      error: { code: 'UNREADABLE_IMAGE', message: 'expected a readable image, received 255' },
    });
  });

  it('rejects an object that is gone before its turn', async () => {
    const { put, deps, scans, results } = setUp();
    const event = put('a.png', 1);
    await scans.remove(BUCKET, 'a.png');

    const { scanId, outcome } = await recordScan(deps, event, once);

    expect(outcome).toBe('rejected');
    expect(await results.get(scanId)).toMatchObject({ state: 'rejected', error: { code: 'SCAN_NOT_FOUND' } });
  });

  it('rejects content that was replaced before its turn in a bucket without versions', async () => {
    const { put, deps, results } = setUp({ versioned: false });
    const replaced = put('a.png', 1);
    const current = put('a.png', 2);

    const outcomes = [await recordScan(deps, replaced, once), await recordScan(deps, current, once)];

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['rejected', 'classified']);
    expect(results.entries()).toHaveLength(2);
  });

  it('leaves a tombstone alone, and removes what was uploaded under it only if it was announced', async () => {
    const { put, deps, scans, results } = setUp();
    const dropped = put('a.png', 1);
    const announced = put(uploadKey(ANNOUNCED), 1);
    for (const event of [dropped, announced]) await recordScan(deps, event, once);
    for (const event of [dropped, announced]) await results.bury(await objectScanId(event, BUCKET));

    const again = [await recordScan(deps, dropped, once), await recordScan(deps, announced, once)];

    expect(again.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted']);
    expect(results.entries().every(isTombstone)).toBe(true);
    expect([scans.has(BUCKET, 'a.png'), scans.has(BUCKET, uploadKey(ANNOUNCED))]).toEqual([true, false]);
  });

  it('removes the object of an announced scan that is deleted while it is being classified', async () => {
    const { put, deps, scans, results } = setUp();
    await results.createOnce(pending(ANNOUNCED));
    const event = put(uploadKey(ANNOUNCED), 1);
    const model = createFakeModel(async () => {
      await results.bury(ANNOUNCED);
      return Float32Array.of(1, 2, 3);
    });

    const recorded = await recordScan({ ...deps, classify: createFakeClassify(model) }, event, once);

    expect(recorded.outcome).toBe('deleted');
    expect(scans.has(BUCKET, uploadKey(ANNOUNCED))).toBe(false);
  });

  const broken = () =>
    createFakeClassify(
      createFakeModel(async () => {
        throw new SulcusError('INFERENCE_FAILED', 'expected logits, received a crash of /secret/path');
      }),
    );

  it('asks for a retry when the model fails, and stores nothing', async () => {
    const { put, deps, results } = setUp();

    const recorded = await recordScan({ ...deps, classify: broken() }, put('a.png', 1), once);

    expect(recorded).toMatchObject({ outcome: 'retry', error: { code: 'INFERENCE_FAILED' } });
    expect(results.entries()).toEqual([]);
  });

  it('stores `failed` with a generic reason on the last receive, which a later success replaces', async () => {
    const { put, deps, results } = setUp();
    const event = put('a.png', 1);

    const failed = await recordScan({ ...deps, classify: broken() }, event, last);
    const stored = (await results.get(failed.scanId)) as ScanRecord;
    const redriven = await recordScan(deps, event, once);

    expect(failed).toMatchObject({ outcome: 'failed', error: { code: 'INFERENCE_FAILED' } });
    expect(stored).toMatchObject({ state: 'failed', error: { code: 'INFERENCE_FAILED' }, label: null });
    expect(stored.error?.message).not.toContain('/secret/path');
    expect(redriven.outcome).toBe('classified');
  });

  it('calls an exception without a code INTERNAL', async () => {
    const { put, deps, results } = setUp();
    const model = createFakeModel(() => Promise.reject(new TypeError('x is not a function')));

    const { scanId } = await recordScan({ ...deps, classify: createFakeClassify(model) }, put('a.png', 1), last);

    expect(await results.get(scanId)).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
  });

  it('asks for a retry when the table is away, even on the last receive', async () => {
    const { put, deps } = setUp();
    const away = new SulcusError('STORE_UNAVAILABLE', 'expected the table, received nothing');
    const results = { ...deps.results, get: () => Promise.reject(away) };

    const recorded = await recordScan({ ...deps, results }, put('a.png', 1), last);

    expect(recorded).toMatchObject({ outcome: 'retry', error: away });
  });

  it('does not call a scan failed that is classified already', async () => {
    const { put, deps } = setUp();
    const event = put('a.png', 1);
    await recordScan(deps, event, once);

    const recorded = await recordFailure(deps, event, new Error('no time'));

    expect(recorded.outcome).toBe('kept');
  });
});

/** Fails the nth call of a port, before or after its effect; with `dead`, every later call too, as a killed process. */
const withFault = (deps: RecordScanDeps, at: number, after: boolean, dead: boolean): RecordScanDeps => {
  let calls = 0;
  const faulty =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const number = calls;
      calls += 1;
      const hit = number === at;
      if (hit && after) await call(...args);
      if (hit || (dead && number > at)) throw new Error('crash');
      return call(...args);
    };
  return {
    keys: deps.keys,
    meter: deps.meter,
    bucketName: deps.bucketName,
    classify: {
      decoder: { decode: faulty((bytes) => deps.classify.decoder.decode(bytes)) },
      model: faulty(() => deps.classify.model()),
    },
    results: {
      ...deps.results,
      get: faulty((scanId) => deps.results.get(scanId)),
      recordEvent: faulty((record) => deps.results.recordEvent(record)),
    },
    scans: {
      ...deps.scans,
      read: faulty((reference, maxBytes) => deps.scans.read(reference, maxBytes)),
      remove: faulty((bucket, key) => deps.scans.remove(bucket, key)),
    },
  };
};

describe('any delivery of the same events', () => {
  const keys = ['a.png', 'b c.png', uploadKey(ANNOUNCED), uploadKey(createHash('md5').update('x').digest('hex'))];
  const upload = fc.record({ key: fc.constantFrom(...keys), value: fc.constantFrom(3, 50, 120, UNREADABLE) });
  const scenario = fc.record({
    uploads: fc.array(upload, { minLength: 1, maxLength: 6 }),
    versioned: fc.boolean(),
    announced: fc.boolean(),
    buried: fc.boolean(),
  });
  /** Which event comes next, whether it is its last receive, and which call breaks how. */
  const delivery = fc.record({
    pick: fc.nat(),
    lastReceive: fc.boolean(),
    faultAt: fc.nat({ max: 7 }),
    after: fc.boolean(),
    dead: fc.boolean(),
  });

  type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

  const prepare = async ({ uploads, versioned, announced, buried }: Scenario) => {
    const world = setUp({ versioned });
    if (announced) await world.results.createOnce(pending(ANNOUNCED));
    const events = uploads.map(({ key, value }) => world.put(key, value));
    const [first] = events;
    if (buried && first !== undefined) {
      const scanId = await objectScanId(first, BUCKET);
      await world.results.createOnce(pending(scanId));
      await world.results.bury(scanId);
    }
    return { ...world, events };
  };

  const tableOf = ({ results }: Awaited<ReturnType<typeof prepare>>) =>
    new Map(
      results
        .entries()
        .map((entry) => [entry.scanId, isTombstone(entry) ? entry : { ...entry, timings: 'not compared' }]),
    );

  it('leads to the same table as each event once and in order, whatever breaks on the way', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, fc.array(delivery, { maxLength: 12 }), fc.nat(), async (given, deliveries, seed) => {
        const calm = await prepare(given);
        for (const event of calm.events) await recordScan(calm.deps, event, once);
        const wild = await prepare(given);
        const { events } = wild;

        for (const { pick, lastReceive, faultAt, after, dead } of deliveries) {
          const faulty = withFault(wild.deps, faultAt, after, dead);
          await recordScan(faulty, events[pick % events.length]!, { lastReceive });
        }
        // Whatever is not acknowledged comes again until it is: a last round in some order, nothing broken.
        const order = events.map((event, index) => ({ event, rank: (index * 7919 + seed) % events.length }));
        for (const { event } of order.toSorted((a, b) => a.rank - b.rank)) await recordScan(wild.deps, event, once);

        expect(tableOf(wild)).toEqual(tableOf(calm));
      }),
      { numRuns: 400 },
    );
  });
});
