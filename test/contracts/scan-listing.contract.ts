import fc from 'fast-check';
import type { ListFilter, ResultStore } from '../../lib/core/ports';
import { randomScanId } from '../../lib/core/scan-ids';
import type { ScanRecord } from '../../lib/core/scan-record';
import { scanRecord, sequencerOf } from '../support/scan-records';
import type { OpenResultTable } from './result-store.contract';

const START = Date.UTC(2026, 10, 23);
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

const newestFirst = (records: readonly ScanRecord[]): ScanRecord[] =>
  [...records].sort((a, b) => (`${a.createdAt}${a.scanId}` < `${b.createdAt}${b.scanId}` ? 1 : -1));
const ids = (records: readonly ScanRecord[]): string[] => records.map(({ scanId }) => scanId);

const fill = async (store: ResultStore, records: readonly ScanRecord[]): Promise<void> => {
  for (let start = 0; start < records.length; start += 25) {
    await Promise.all(records.slice(start, start + 25).map((record) => store.createOnce(record)));
  }
  // Indexes on AWS lag behind the table.
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if ((await allPages(store, {}, 100)).flat().length >= records.length) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

const allPages = async (
  store: ResultStore,
  filter: ListFilter,
  limit: number,
  between: () => Promise<unknown> = async () => {},
): Promise<ScanRecord[][]> => {
  const pages: ScanRecord[][] = [];
  let cursor: string | undefined;
  do {
    const { records, nextCursor } = await store.list(filter, limit, cursor);
    pages.push(records);
    cursor = nextCursor ?? undefined;
    await between();
  } while (cursor !== undefined);
  return pages;
};

const labels = ['glioma', 'meningioma', 'no tumor, ✓', 'x#07'];
const keys = ['a.png', 'deep/ü +%.png', '😀'.repeat(512), 'KEY#a.png'];
const states = ['pending', 'classified', 'rejected', 'failed'] as const;

/** Every state, label and key with every other, in few instants so that ties abound. */
const variety = (): ScanRecord[] =>
  Array.from({ length: 96 }, (_, index) =>
    scanRecord(states[index % 4] as ScanRecord['state'], {
      label: labels[Math.floor(index / 4) % 4],
      source:
        index % 7 === 0
          ? { kind: 'api', bucket: null, key: null, versionId: null }
          : { kind: 'upload', bucket: 'scans', key: keys[index % 3 === 0 ? 0 : index % 4] as string, versionId: null },
      createdAt: at(index % 11),
    }),
  );

const isWanted = (record: ScanRecord, { label, state, key, from, to }: ListFilter): boolean =>
  [
    label === undefined || record.label === label,
    state === undefined || record.state === state,
    key === undefined || record.source.key === key,
    from === undefined || Date.parse(record.createdAt) >= Date.parse(from),
    to === undefined || Date.parse(record.createdAt) <= Date.parse(to),
  ].every(Boolean);

/** Pages of scans: each once, newest first, only what the filter wants. */
export const describeScanListing = (open: OpenResultTable): void => {
  describe('list', () => {
    it('pages through 250 scans by 7, each once and newest first', async () => {
      const { createStore, close } = await open();
      const store = createStore();
      const records = Array.from({ length: 250 }, (_, index) =>
        scanRecord('classified', { createdAt: at(index % 50) }),
      );
      await fill(store, records);

      const pages = await allPages(store, {}, 7);

      expect(ids(pages.flat())).toEqual(ids(newestFirst(records)));
      expect(pages.map(({ length }) => length)).toEqual([...Array.from({ length: 35 }, () => 7), 5]);
      await close();
    });

    it('goes on where it was while newer scans arrive', async () => {
      const { createStore, close } = await open();
      const store = createStore();
      const records = Array.from({ length: 60 }, (_, index) => scanRecord('classified', { createdAt: at(index) }));
      await fill(store, records);
      let arrivals = 0;

      const pages = await allPages(store, {}, 7, () =>
        store.createOnce(scanRecord('classified', { createdAt: at(1_000 + arrivals++) })),
      );

      expect(arrivals).toBe(9);
      expect(ids(pages.flat())).toEqual(ids(newestFirst(records)));
      await close();
    });

    it('ends with a null cursor when the last page is full, and an empty table at once', async () => {
      const { createStore, close } = await open();
      const store = createStore();

      const empty = await store.list({}, 10);
      await fill(store, [scanRecord('classified'), scanRecord('classified')]);
      const full = await store.list({}, 2);

      expect(empty).toEqual({ records: [], nextCursor: null });
      expect(full.records).toHaveLength(2);
      expect(full.nextCursor).toBeNull();
      await close();
    });

    it('gives, with any combination of filters and any page size, exactly what matches', async () => {
      const { createStore, close } = await open();
      const store = createStore();
      const records = variety();
      await fill(store, records);
      const instant = fc.integer({ min: -1, max: 12 }).map(at);
      const filter = fc.record(
        {
          label: fc.constantFrom(...labels, 'x', 'absent'),
          state: fc.constantFrom(...states),
          key: fc.constantFrom(...keys, 'absent', '界'.repeat(1024)),
          from: instant,
          to: instant,
        },
        { requiredKeys: [] },
      );

      await fc.assert(
        fc.asyncProperty(filter, fc.integer({ min: 1, max: 100 }), async (some, limit) => {
          const pages = await allPages(store, some, Math.max(limit, 5));

          const expected = newestFirst(records.filter((record) => isWanted(record, some)));
          expect(pages.flat()).toEqual(expected);
        }),
        { numRuns: 60 },
      );
      await close();
    });

    it('shows a scan where it is now and nowhere else', async () => {
      const { createStore, close } = await open();
      const store = createStore();
      const pending = scanRecord('pending');
      await fill(store, [pending]);
      const failed = { ...scanRecord('failed', { scanId: pending.scanId }), sequencer: sequencerOf(1) };
      const classified = { ...scanRecord('classified', { scanId: pending.scanId }), sequencer: sequencerOf(1) };
      const shown = async () => {
        const lists = await Promise.all(
          [...states.map((state) => ({ state })), { label: 'glioma' }, {}].map((filter) => store.list(filter, 10)),
        );
        return lists.map(({ records }) => records.length);
      };

      const afterPending = await shown();
      await store.recordEvent(failed);
      const afterFailed = await shown();
      await store.recordEvent(classified);
      const afterClassified = await shown();
      await store.bury(pending.scanId);
      const afterBury = await shown();

      expect(afterPending).toEqual([1, 0, 0, 0, 0, 1]);
      expect(afterFailed).toEqual([0, 0, 0, 1, 0, 1]);
      expect(afterClassified).toEqual([0, 1, 0, 0, 1, 1]);
      expect(afterBury).toEqual([0, 0, 0, 0, 0, 0]);
      await close();
    });

    it('leaves expired pending scans out', async () => {
      const { createStore, close } = await open();
      let now = START;
      const store = createStore({ now: () => now });
      const classified = scanRecord('classified');
      await fill(store, [scanRecord('pending'), scanRecord('pending'), classified]);

      now = START + 31 * 86_400_000;

      expect(await store.list({}, 10)).toEqual({ records: [classified], nextCursor: null });
      await close();
    });

    it('finds what a scarce combination wants behind many that it does not', async () => {
      const { createStore, close } = await open();
      const store = createStore();
      const source = { kind: 'upload', bucket: 'scans', key: 'same.png', versionId: null } as const;
      const others = Array.from({ length: 620 }, (_, index) =>
        scanRecord('rejected', { source, createdAt: at(100 + index) }),
      );
      const wanted = scanRecord('classified', { source, createdAt: at(1) });
      await fill(store, [...others, wanted]);

      const pages = await allPages(store, { key: 'same.png', state: 'classified' }, 10);

      expect(pages.flat()).toEqual([wanted]);
      expect(pages.length).toBeLessThanOrEqual(3);
      await close();
    });

    it.each([
      ['text', 'not a cursor'],
      ['JSON of another shape', Buffer.from('{"v":2}').toString('base64url')],
      ['another position', Buffer.from('{"v":1,"after":"2026"}').toString('base64url')],
      ['padding', `${Buffer.from(`{"v":1,"after":"${at(0)}#${randomScanId()}"}`).toString('base64url')}==`],
      ['nothing', ''],
    ])('refuses %s as a cursor', async (_, cursor) => {
      const { createStore, close } = await open();

      const listing = createStore().list({}, 10, cursor);

      await expect(listing).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
      await close();
    });
  });
};
