import type { UploadEvent } from '../../lib/core/record-scan';
import { type RecordScanDeps, recordScan } from '../../lib/core/record-scan';
import { uploadKey } from '../../lib/core/scan-ids';
import { createFakeClassify, createFakeModel } from '../support/fake-classifier';
import { createMemoryMeter } from '../support/memory-meter';
import { createMemoryApiKeyStore, createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';
import { scanRecord } from '../support/scan-records';

const BUCKET = 'test-bucket';
const KEY_ID = '9f86d081884c';
const ANNOUNCED = '4f0c2b9de1a94b0c8f2f6f0a5d3e7c11';
const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const MONTH = { keyId: KEY_ID, name: 'month#2026-01' };
/** What the fake decoder refuses. */
const UNREADABLE = 255;

const setUp = async ({ quota = 1 as number | null, model = createFakeModel() } = {}) => {
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore();
  const keys = createMemoryApiKeyStore();
  const meter = createMemoryMeter({ now: () => NOW });
  await keys.create({
    keyId: KEY_ID,
    keyHash: KEY_ID.padEnd(64, '0'),
    name: 'clinic',
    createdAt: '2026-01-01T00:00:00.000Z',
    revokedAt: null,
    expiresAt: null,
    rate: null,
    quota,
  });
  const classify = createFakeClassify(model);
  const deps: RecordScanDeps = { classify, results, scans, bucketName: BUCKET, keys, meter };
  let puts = 0;
  const put = (value: number, key = uploadKey(ANNOUNCED)): UploadEvent => {
    puts += 1;
    const reference = scans.put(BUCKET, key, Uint8Array.of(value));
    return { ...reference, sizeBytes: 1, sequencer: `a${puts}`, eventTime: '2026-01-31T12:00:00.000Z' };
  };
  /** As POST /v1/scans leaves it, its scan of the quota taken. */
  const announce = async () => {
    const source = { kind: 'upload', bucket: BUCKET, key: uploadKey(ANNOUNCED), versionId: null } as const;
    const createdAt = '2026-01-31T11:00:00.000Z';
    await results.createOnce(scanRecord('pending', { scanId: ANNOUNCED, source, apiKeyId: KEY_ID, createdAt }));
    if (quota !== null) await meter.limits.take({ ...MONTH, endsAt: NOW }, quota);
  };
  const record = (event: UploadEvent, lastReceive = false) => recordScan(deps, event, { lastReceive });
  const usageOf = async (keyId: string) => (await meter.usage.list(keyId, '2026-01-31', '2026-01-31'))[0];
  return { results, meter, put, announce, record, usageOf };
};

describe('usage of uploads', () => {
  it('is that of the key which announced the file', async () => {
    const { announce, put, record, usageOf } = await setUp();
    await announce();

    await record(put(3));

    expect(await usageOf(KEY_ID)).toMatchObject({ scans: 1, rejected: 0, bytes: 1 });
    expect(await usageOf('bucket')).toBeUndefined();
  });

  it('is nobody’s for files dropped into the bucket', async () => {
    const { put, record, usageOf } = await setUp();

    await record(put(3, 'dropped.png'));
    await record(put(UNREADABLE, 'broken.png'));

    expect(await usageOf('bucket')).toMatchObject({ scans: 1, rejected: 1, bytes: 1 });
  });

  it('counts an event once, however often and at once it is delivered', async () => {
    const { put, record, usageOf } = await setUp();
    const events = [put(3, 'a.png'), put(50, 'b.png')];

    await Promise.all([...events, ...events, ...events].map((event) => record(event)));
    for (const event of events) await record(event);

    expect((await usageOf('bucket'))?.scans).toBe(2);
  });

  it('counts nothing for a scan that failed on our side, and one when it then works', async () => {
    let broken = true;
    const model = createFakeModel(async () => {
      if (broken) throw new Error('native crash');
      return Float32Array.of(1, 2, 3);
    });
    const { put, record, usageOf } = await setUp({ model });
    const event = put(3, 'a.png');

    await record(event);
    const failed = await record(event, true);
    const before = await usageOf('bucket');
    broken = false;
    await record(event);

    expect(failed.outcome).toBe('failed');
    expect(before).toBeUndefined();
    expect((await usageOf('bucket'))?.scans).toBe(1);
  });
});

describe('the quota of announced uploads', () => {
  it('covers the first file by the announcement, and no further one', async () => {
    const { announce, put, record, results, usageOf } = await setUp({ quota: 1 });
    await announce();

    const first = await record(put(3));
    const second = await record(put(50));

    expect([first.outcome, second.outcome]).toEqual(['classified', 'rejected']);
    expect(await results.get(ANNOUNCED)).toMatchObject({ state: 'rejected', error: { code: 'QUOTA_EXCEEDED' } });
    expect(await usageOf(KEY_ID)).toMatchObject({ scans: 1, rejected: 1 });
  });

  it('takes one more for every further file', async () => {
    const { announce, put, record, meter } = await setUp({ quota: 3 });
    await announce();

    for (const value of [3, 50, 120]) await record(put(value));

    expect(await meter.limits.taken(MONTH)).toBe(3);
  });

  it('is handed back when the file is refused, so that a better one may follow', async () => {
    const { announce, put, record, meter } = await setUp({ quota: 1 });
    await announce();

    const refused = await record(put(UNREADABLE));
    const between = await meter.limits.taken(MONTH);
    const better = await record(put(3));

    expect([refused.outcome, better.outcome]).toEqual(['rejected', 'classified']);
    expect(between).toBe(0);
    expect(await meter.limits.taken(MONTH)).toBe(1);
  });

  it('is taken once by a further file that needs several receives', async () => {
    let failures = 2;
    const model = createFakeModel(async ([value = 0]) => {
      failures -= value === 50 ? 1 : 0;
      if (value === 50 && failures >= 0) throw new Error('native crash');
      return Float32Array.of(1, 2, 3);
    });
    const { announce, put, record, meter } = await setUp({ quota: 2, model });
    await announce();
    await record(put(3));
    const event = put(50);

    const outcomes = [];
    for (let receive = 0; receive < 3; receive += 1) outcomes.push((await record(event)).outcome);

    expect(outcomes).toEqual(['retry', 'retry', 'classified']);
    expect(await meter.limits.taken(MONTH)).toBe(2);
  });

  it('does not stop a key without one', async () => {
    const { announce, put, record } = await setUp({ quota: null });
    await announce();

    const outcomes = [];
    for (const value of [3, 50, 120]) outcomes.push((await record(put(value))).outcome);

    expect(outcomes).toEqual(['classified', 'classified', 'classified']);
  });
});
