import fc from 'fast-check';
import { randomScanId } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';
import { scanRecord, sequencerOf } from '../support/scan-records';
import type { OpenResultTable, OpenTable } from './result-store.contract';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 23);
const event = (state: ScanRecord['state'], order: number, given: Partial<ScanRecord> = {}) => ({
  ...scanRecord(state, given),
  sequencer: sequencerOf(order),
});

/** One scan at a time: what is written, when it gives way, when it is gone. */
export const describeScanWrites = (open: OpenResultTable): void => {
  let table: OpenTable;
  beforeAll(async () => {
    table = await open();
  });
  afterAll(() => table.close());

  describe('get', () => {
    it('answers undefined for a scan that is not there', async () => {
      const stored = await table.createStore().get(randomScanId());

      expect(stored).toBeUndefined();
    });

    it.each(['pending', 'classified', 'rejected', 'failed'] as const)(
      'gives a %s record back as it was',
      async (state) => {
        const store = table.createStore();
        const record = scanRecord(state, { apiKeyId: '0123456789ab', requestHash: 'cd'.repeat(32) });

        await store.createOnce(record);

        expect(await store.get(record.scanId)).toEqual(record);
      },
    );

    it('keeps why a scan abstained', async () => {
      const store = table.createStore();
      const record = scanRecord('classified', { abstainReason: 'not_a_brain_slice' });

      await store.createOnce(record);

      expect(await store.get(record.scanId)).toEqual(record);
    });

    it('gives every double back unrounded, those below what DynamoDB holds as a number too', async () => {
      const store = table.createStore();
      // JSON has no negative zero, here and in the API's answer.
      const double = (range: { min?: number; max?: number }) =>
        fc.double({ noNaN: true, noDefaultInfinity: true, ...range }).map((value) => value + 0);
      const scores = fc.array(fc.record({ label: fc.string(), score: double({ min: 0, max: 1 }), logit: double({}) }));
      const tiny = { label: 'tiny', score: 1e-300, logit: -690.7755278982137 };
      const least = { label: 'least', score: 5e-324, logit: Number.MIN_SAFE_INTEGER };

      await fc.assert(
        fc.asyncProperty(scores, double({ min: 0, max: 1 }), async (some, score) => {
          const record = scanRecord('classified', { scores: [...some, tiny, least].slice(0, 20), score });
          await store.createOnce(record);
          expect(await store.get(record.scanId)).toEqual(record);
        }),
        { numRuns: 40 },
      );
    });

    it('keeps the top 20 of a model of 21,843 labels and that there were more', async () => {
      const store = table.createStore();
      const scores = Array.from({ length: 20 }, (_, index) => ({
        label: `n${String(21_843 - index).padStart(8, '0')}, ${'синоним '.repeat(20)}`,
        score: 1 / 21_843 ** (index + 1),
        logit: 7 - index / 3,
      }));
      const record = scanRecord('classified', { label: scores[0]?.label, score: 1 / 21_843, scores, truncated: true });

      await store.createOnce(record);

      expect(await store.get(record.scanId)).toEqual(record);
    });
  });

  describe('createOnce', () => {
    it('lets one of 30 concurrent writers win and answers its record to all', async () => {
      const store = table.createStore();
      const scanId = randomScanId();
      const rivals = Array.from({ length: 30 }, (_, index) =>
        scanRecord('classified', { scanId, requestHash: String(index).padStart(64, '0') }),
      );

      const answers = await Promise.all(rivals.map((record) => store.createOnce(record)));

      const winner = await store.get(scanId);
      expect(rivals).toContainEqual(winner);
      expect(answers).toEqual(rivals.map(() => winner));
    });

    it('answers the earlier record and changes nothing', async () => {
      const store = table.createStore();
      const earlier = scanRecord('pending');
      await store.createOnce(earlier);

      const answer = await store.createOnce(scanRecord('classified', { scanId: earlier.scanId }));

      expect(answer).toEqual(earlier);
      expect(await store.get(earlier.scanId)).toEqual(earlier);
    });

    it('answers the tombstone of a deleted scan', async () => {
      const store = table.createStore();
      const record = scanRecord('classified');
      await store.createOnce(record);
      await store.bury(record.scanId);

      const answer = await store.createOnce(record);

      expect(answer).toEqual({ scanId: record.scanId, deleted: true });
    });

    it('counts a pending scan as absent once no event of its upload can come', async () => {
      let now = START;
      const store = table.createStore({ now: () => now });
      const pending = scanRecord('pending');
      await store.createOnce(pending);
      now = START + 15 * DAY_MS;
      const afterTwoWeeks = await store.get(pending.scanId);
      now = START + 31 * DAY_MS;

      const afterAMonth = await store.get(pending.scanId);
      const next = scanRecord('classified', { scanId: pending.scanId });
      const answer = await store.createOnce(next);

      expect(afterTwoWeeks).toEqual(pending);
      expect(afterAMonth).toBeUndefined();
      expect(answer).toEqual(next);
      now = START + 3_650 * DAY_MS;
      expect(await store.get(pending.scanId)).toEqual(next);
    });
  });

  describe('recordEvent', () => {
    it.each([
      ['nothing', undefined, 'stored'],
      ['a pending record', scanRecord('pending'), 'stored'],
      ['a failed record of the same event', event('failed', 5), 'stored'],
      ['a classified record of an older event', event('classified', 4), 'stored'],
      ['a rejected record of an older event', event('rejected', 4), 'stored'],
      ['a classified record of the same event', event('classified', 5), 'kept'],
      ['a rejected record of the same event', event('rejected', 5), 'kept'],
      ['a failed record of a newer event', event('failed', 6), 'kept'],
      ['a result of an API call', scanRecord('classified'), 'kept'],
      ['a classified record of a newer event', event('classified', 6), 'kept'],
    ] as const)('over %s', async (_, earlier, outcome) => {
      const store = table.createStore();
      const scanId = randomScanId();
      const created = earlier && { ...earlier, scanId };
      if (created) await store.createOnce(created);
      const next = event('classified', 5, { scanId, label: 'meningioma' });

      const answer = await store.recordEvent(next);

      expect(answer).toBe(outcome);
      expect(await store.get(scanId)).toEqual(outcome === 'stored' ? next : created);
    });

    it('does not let a failed delivery displace a result of the same event', async () => {
      const store = table.createStore();
      const classified = event('classified', 5);
      await store.recordEvent(classified);

      const answer = await store.recordEvent(event('failed', 5, { scanId: classified.scanId }));

      expect(answer).toBe('kept');
      expect(await store.get(classified.scanId)).toEqual(classified);
    });

    it('revives nothing, however new the event', async () => {
      const store = table.createStore();
      const record = event('classified', 5);
      await store.recordEvent(record);
      await store.bury(record.scanId);

      const answers = [
        await store.recordEvent(record),
        await store.recordEvent({ ...record, sequencer: sequencerOf(9) }),
      ];

      expect(answers).toEqual(['deleted', 'deleted']);
      expect(await store.get(record.scanId)).toEqual({ scanId: record.scanId, deleted: true });
    });

    it('does not let a classified scan expire that was pending before', async () => {
      let now = START;
      const store = table.createStore({ now: () => now });
      const pending = scanRecord('pending');
      await store.createOnce(pending);
      const classified = event('classified', 1, { scanId: pending.scanId });
      await store.recordEvent(classified);

      now = START + 3_650 * DAY_MS;

      expect(await store.get(pending.scanId)).toEqual(classified);
    });
  });

  describe('bury', () => {
    it('answers the record that was there, once', async () => {
      const store = table.createStore();
      const record = scanRecord('classified');
      await store.createOnce(record);

      const answers = [await store.bury(record.scanId), await store.bury(record.scanId)];

      expect(answers).toEqual([record, undefined]);
    });

    it('answers undefined without a record and leaves nothing behind', async () => {
      const store = table.createStore();
      const scanId = randomScanId();

      const answer = await store.bury(scanId);

      expect(answer).toBeUndefined();
      expect(await store.get(scanId)).toBeUndefined();
    });

    it('answers the record to one of ten concurrent callers', async () => {
      const store = table.createStore();
      const record = scanRecord('rejected');
      await store.createOnce(record);

      const answers = await Promise.all(Array.from({ length: 10 }, () => store.bury(record.scanId)));

      expect(answers.filter((answer) => answer !== undefined)).toEqual([record]);
    });

    it('lets the scan come back only after the tombstone’s days', async () => {
      let now = START;
      const store = table.createStore({ now: () => now, tombstoneDays: 15 });
      const record = event('classified', 5);
      await store.recordEvent(record);
      await store.bury(record.scanId);
      now = START + 15 * DAY_MS - 1_000;
      const before = await store.recordEvent(record);
      now = START + 15 * DAY_MS;

      const answers = [
        await store.get(record.scanId),
        await store.bury(record.scanId),
        await store.recordEvent(record),
      ];

      expect(before).toBe('deleted');
      expect(answers).toEqual([undefined, undefined, 'stored']);
    });

    it('keeps tombstones for ever when no days are given', async () => {
      let now = START;
      const store = table.createStore({ now: () => now, tombstoneDays: null });
      const record = scanRecord('classified');
      await store.createOnce(record);
      await store.bury(record.scanId);

      now = START + 36_500 * DAY_MS;

      expect(await store.createOnce(record)).toEqual({ scanId: record.scanId, deleted: true });
    });
  });
};
