import { randomScanId } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';
import { BACKFILLED } from '../../lib/core/sequencer';
import { scanRecord, sequencerOf } from '../support/scan-records';
import type { OpenResultTable, OpenTable } from './result-store.contract';

const source = (versionId: string | null) => ({ kind: 'upload', bucket: 'scans', key: 'a.png', versionId }) as const;
const ofModel = (digest: string) => ({ name: 'vit', version: '1', digest });

/** A backfill writes in place of what it has seen; events know its results by their versions. */
export const describeBackfillWrites = (open: OpenResultTable): void => {
  describe('replace', () => {
    let table: OpenTable;
    beforeAll(async () => {
      table = await open();
    });
    afterAll(() => table.close());

    const backfilled = (scanId: string, versionId: string | null = 'v1'): ScanRecord =>
      scanRecord('classified', { scanId, sequencer: BACKFILLED, source: source(versionId) });
    const event = (scanId: string, order: number, versionId: string | null) => ({
      ...scanRecord('classified', { scanId, source: source(versionId) }),
      sequencer: sequencerOf(order),
    });

    it('writes where nothing is, once', async () => {
      const store = table.createStore();
      const record = backfilled(randomScanId());

      const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.replace(record, undefined)));

      expect(outcomes.toSorted()).toEqual(['kept', 'kept', 'kept', 'kept', 'stored']);
      expect(await store.get(record.scanId)).toEqual(record);
    });

    it.each([
      ['another model', { model: ofModel('sha256:1') }, { model: ofModel('sha256:2') }],
      ['no model', { model: ofModel('sha256:1') }, { model: null }],
      ['another event', { sequencer: sequencerOf(2) }, { sequencer: sequencerOf(1) }],
      ['no event', { sequencer: sequencerOf(2) }, { sequencer: null }],
      ['another time', { createdAt: '2026-01-02T00:00:00.000Z' }, { createdAt: '2026-01-01T00:00:00.000Z' }],
    ] as const)('leaves a record of %s than the one seen', async (_, there, seen) => {
      const store = table.createStore();
      const present = scanRecord('classified', there);
      await store.replace(present, undefined);
      const { scanId } = present;

      expect(await store.replace(backfilled(scanId), { ...present, ...seen })).toBe('kept');
      expect(await store.get(scanId)).toEqual(present);
      expect(await store.replace(backfilled(scanId), { ...present, state: 'failed' })).toBe('kept');
      expect(await store.replace(backfilled(scanId), undefined)).toBe('kept');
    });

    it.each(['pending', 'failed', 'rejected', 'classified'] as const)(
      'replaces a %s record that was seen',
      async (state) => {
        const store = table.createStore();
        const seen = scanRecord(state);
        await store.replace(seen, undefined);
        const next = { ...backfilled(seen.scanId), model: ofModel('sha256:2') };

        const outcomes = [await store.replace(next, seen), await store.replace(next, seen)];

        expect(outcomes).toEqual(['stored', 'kept']);
        expect(await store.get(seen.scanId)).toEqual(next);
      },
    );

    it('revives nothing', async () => {
      const store = table.createStore();
      const seen = scanRecord('classified');
      await store.replace(seen, undefined);
      await store.bury(seen.scanId);

      expect(await store.replace(backfilled(seen.scanId), seen)).toBe('deleted');
      expect(await store.replace(backfilled(seen.scanId), undefined)).toBe('deleted');
      expect(await store.get(seen.scanId)).toEqual({ scanId: seen.scanId, deleted: true });
    });

    it.each(['v1', null])('is what the event of the same version (%s) would have written', async (versionId) => {
      const store = table.createStore();
      const record = backfilled(randomScanId(), versionId);
      await store.replace(record, undefined);

      expect(await store.recordEvent(event(record.scanId, 1, versionId))).toBe('kept');
      expect(await store.get(record.scanId)).toEqual(record);
    });

    it('gives way to the event of another version', async () => {
      const store = table.createStore();
      const record = backfilled(randomScanId());
      await store.replace(record, undefined);
      const newer = event(record.scanId, 1, 'v2');

      expect(await store.recordEvent(newer)).toBe('stored');
      expect(await store.get(record.scanId)).toEqual(newer);
    });
  });
};
