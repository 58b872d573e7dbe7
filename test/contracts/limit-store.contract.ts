import type { LimitStore, LimitWindow } from '../../lib/core/ports';

export interface OpenLimitStore {
  readonly store: LimitStore;
  close(): Promise<void>;
}

/** What every LimitStore promises. */
export const describeLimitStore = (name: string, open: () => Promise<OpenLimitStore>): void => {
  describe(`${name} as a LimitStore`, () => {
    let opened: OpenLimitStore;
    let made = 0;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    const newWindow = (): LimitWindow => {
      made += 1;
      return { keyId: `key-${made}`, name: 'month#2026-01', endsAt: Date.now() + 60_000 };
    };
    const takeMany = async (window: LimitWindow, limit: number, count: number): Promise<number> => {
      const taken = await Promise.all(Array.from({ length: count }, () => opened.store.take(window, limit)));
      return taken.filter(Boolean).length;
    };

    it('lets exactly the limit through, however many ask at once', async () => {
      const window = newWindow();

      const taken = await takeMany(window, 25, 200);

      expect(taken).toBe(25);
      expect(await opened.store.taken(window)).toBe(25);
    });

    it('lets nothing through a limit of none', async () => {
      expect(await opened.store.take(newWindow(), 0)).toBe(false);
    });

    it('keeps windows and keys apart', async () => {
      const window = newWindow();
      await takeMany(window, 3, 3);

      const next = await opened.store.take({ ...window, name: 'month#2026-02' }, 3);
      const other = await opened.store.take({ ...window, keyId: 'another' }, 3);

      expect([next, other]).toEqual([true, true]);
      expect(await opened.store.take(window, 3)).toBe(false);
    });

    it('has one more after one was handed back', async () => {
      const window = newWindow();
      await takeMany(window, 3, 3);

      await opened.store.giveBack(window);

      expect(await takeMany(window, 3, 5)).toBe(1);
    });

    it('makes nothing of what was never taken', async () => {
      const window = newWindow();

      await opened.store.giveBack(window);

      expect(await opened.store.taken(window)).toBe(0);
      expect(await takeMany(window, 2, 5)).toBe(2);
    });

    it('obeys a limit that was lowered below what is taken', async () => {
      const window = newWindow();
      await takeMany(window, 5, 5);

      expect(await opened.store.take(window, 3)).toBe(false);
      expect(await opened.store.take(window, 6)).toBe(true);
    });
  });
};
