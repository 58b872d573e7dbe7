import type { UsageAmounts, UsageStore } from '../../lib/core/ports';
import { randomScanId } from '../../lib/core/scan-ids';

export interface OpenUsageStore {
  readonly store: UsageStore;
  close(): Promise<void>;
}

const amounts = (given: Partial<UsageAmounts> = {}): UsageAmounts => ({
  scans: 1,
  rejected: 0,
  bytes: 1_000,
  computeMicroseconds: 25_210,
  costNanodollars: 9_470,
  ...given,
});

/** What every UsageStore promises. */
export const describeUsageStore = (name: string, open: () => Promise<OpenUsageStore>): void => {
  describe(`${name} as a UsageStore`, () => {
    let opened: OpenUsageStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('adds up what is counted at once, to the last unit', async () => {
      const add = (index: number) => opened.store.add('busy', '2026-01-31', randomScanId(), amounts({ bytes: index }));
      const indexes = Array.from({ length: 150 }, (_, index) => index);
      await Promise.all(indexes.map(add));

      const days = await opened.store.list('busy', '2026-01-31', '2026-01-31');

      expect(days).toEqual([
        {
          day: '2026-01-31',
          scans: 150,
          rejected: 0,
          bytes: (149 * 150) / 2,
          computeMicroseconds: 150 * 25_210,
          costNanodollars: 150 * 9_470,
        },
      ]);
    });

    it('lists the days of a range, both ends included, oldest first, and those of no other key', async () => {
      const days = ['2026-02-03', '2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01'];
      for (const day of days) await opened.store.add('ranged', day, randomScanId(), amounts());
      await opened.store.add('ranged-2', '2026-02-02', randomScanId(), amounts());

      const listed = await opened.store.list('ranged', '2026-02-01', '2026-02-28');

      expect(listed.map(({ day }) => day)).toEqual(['2026-02-01', '2026-02-03', '2026-02-28']);
    });

    it('counts refused files without scans', async () => {
      const refused = amounts({ scans: 0, rejected: 1, bytes: 0, computeMicroseconds: 0, costNanodollars: 5_000 });
      await opened.store.add('refused', '2026-01-31', randomScanId(), refused);

      expect(await opened.store.list('refused', '2026-01-01', '2026-12-31')).toEqual([
        { day: '2026-01-31', ...refused },
      ]);
    });

    it('has nothing of a key that did nothing, nor of nothing', async () => {
      const none = amounts({ scans: 0, bytes: 0, computeMicroseconds: 0, costNanodollars: 0 });
      await opened.store.add('idle', '2026-01-31', randomScanId(), none);

      expect(await opened.store.list('idle', '2026-01-01', '2026-12-31')).toEqual([]);
    });
  });
};
