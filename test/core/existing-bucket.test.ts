import { deleteScan } from '../../lib/core/delete-scan';
import { recordScan, type UploadEvent } from '../../lib/core/record-scan';
import { uploadKey } from '../../lib/core/scan-ids';
import { toScanResult } from '../../lib/core/scan-record';
import { RESULT_SUFFIX } from '../../lib/topology';
import { createFakeClassify } from '../support/fake-classifier';
import { createUploadMeter } from '../support/memory-meter';
import { createMemoryResultObjects, createMemoryResultStore, createMemoryScanStore } from '../support/memory-stores';

const OURS = 'our-bucket';
const THEIRS = 'their-bucket';
const ANNOUNCED = '0123456789abcdef0123456789abcdef';
const once = { lastReceive: false };

const setUp = () => {
  const results = createMemoryResultStore();
  const scans = createMemoryScanStore();
  const resultObjects = createMemoryResultObjects();
  const put = (bucket: string, key: string, value = 1, sequencer = '5001'): UploadEvent => ({
    ...scans.put(bucket, key, Uint8Array.of(value)),
    sizeBytes: 1,
    sequencer,
    eventTime: '2026-01-01T00:00:00.000Z',
  });
  const deps = { classify: createFakeClassify(), results, scans, bucketName: OURS, ...createUploadMeter() };
  return { results, scans, resultObjects, put, deps };
};

describe("an object in somebody else's bucket", () => {
  it('named like an announced scan is another scan', async () => {
    const { put, deps } = setUp();

    const theirs = await recordScan(deps, put(THEIRS, uploadKey(ANNOUNCED)), once);
    const ours = await recordScan(deps, put(OURS, uploadKey(ANNOUNCED)), once);

    expect([ours.scanId, theirs.scanId]).toEqual([ANNOUNCED, expect.not.stringMatching(ANNOUNCED)]);
  });

  it('stays when its scan is deleted, and when its event comes again', async () => {
    const { put, deps, scans } = setUp();
    const events = ['mri/1.png', uploadKey(ANNOUNCED)].map((key) => put(THEIRS, key));

    for (const event of events) {
      const { scanId } = await recordScan(deps, event, once);
      await deleteScan({ ...deps, resultObjects: true }, scanId);
      expect(await recordScan(deps, event, once)).toEqual({ scanId, outcome: 'deleted' });
    }

    expect(events.map(({ bucket, key }) => scans.has(bucket, key))).toEqual([true, true]);
  });
});

describe('results beside scans', () => {
  it('are what the API answers, for classified and rejected scans', async () => {
    const { put, deps, results, resultObjects } = setUp();
    const events = [put(OURS, 'a.png', 1), put(THEIRS, 'b.png', 255)];

    for (const event of events) {
      const { scanId } = await recordScan({ ...deps, resultObjects }, event, once);
      const stored = await results.get(scanId);
      expect(resultObjects.get(event.bucket, event.key)).toEqual(toScanResult(stored as never));
    }

    expect(events.map(({ bucket, key }) => resultObjects.get(bucket, key)?.state)).toEqual(['classified', 'rejected']);
  });

  it('are made up for by the redelivery when the first delivery ended between both writes', async () => {
    const { put, deps, resultObjects } = setUp();
    const event = put(OURS, 'a.png');
    resultObjects.failNext();

    const first = await recordScan({ ...deps, resultObjects }, event, once);
    const second = await recordScan({ ...deps, resultObjects }, event, once);

    expect([first.outcome, second.outcome]).toEqual(['retry', 'kept']);
    expect(resultObjects.get(OURS, 'a.png')?.scanId).toBe(first.scanId);
  });

  it('go with their scan from our bucket', async () => {
    const { put, deps, scans, resultObjects } = setUp();
    for (const key of ['a.png', uploadKey(ANNOUNCED)]) {
      const { scanId } = await recordScan({ ...deps, resultObjects }, put(OURS, key), once);
      scans.put(OURS, `${key}${RESULT_SUFFIX}`, Uint8Array.of(0));

      await deleteScan({ ...deps, resultObjects: true }, scanId);

      expect(scans.has(OURS, `${key}${RESULT_SUFFIX}`)).toBe(false);
    }
    expect([scans.has(OURS, 'a.png'), scans.has(OURS, uploadKey(ANNOUNCED))]).toEqual([true, false]);
  });
});
