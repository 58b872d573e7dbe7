import { createLimitGate } from '../../lib/core/limit-gate';
import type { LimitStore } from '../../lib/core/ports';
import { createMemoryLimitStore } from '../support/memory-meter';

const WINDOW = { keyId: 'k', name: 'month#2026-01', endsAt: 0 };

const gate = (faults: Partial<LimitStore> = {}) => {
  const store = { ...createMemoryLimitStore(), ...faults };
  let asked = 0;
  let time = 1;
  const counting: LimitStore = {
    ...store,
    take: async (window, limit) => {
      asked += 1;
      return store.take(window, limit);
    },
  };
  const limits = createLimitGate(counting, () => time);
  const takeMany = (count: number, limit: number) =>
    Promise.all(Array.from({ length: count }, () => limits.take(WINDOW, limit)));
  return { limits, takeMany, asked: () => asked, pass: (ms: number) => (time += ms) };
};

describe('a limit gate', () => {
  it('lets the limit through and asks the store once more than that, of a thousand at once', async () => {
    const { takeMany, asked } = gate();

    const taken = await takeMany(1_000, 30);

    expect(taken.filter(Boolean)).toHaveLength(30);
    expect(asked()).toBe(31);
  });

  it('asks again after a second, and at once when one was handed back', async () => {
    const { limits, takeMany, pass } = gate();
    await takeMany(3, 2);

    await limits.giveBack(WINDOW);
    const handedBack = await takeMany(2, 2);
    pass(1_000);
    const raised = await limits.take(WINDOW, 3);

    expect(handedBack).toEqual([true, false]);
    expect(raised).toBe(true);
  });

  it('asks the store anew for what another process handed back, a second later', async () => {
    const store = createMemoryLimitStore();
    const { limits, pass } = gate(store);
    await limits.take(WINDOW, 1);
    const full = await limits.take(WINDOW, 1);
    await store.giveBack(WINDOW);

    const remembered = await limits.take(WINDOW, 1);
    pass(1_000);

    expect([full, remembered, await limits.take(WINDOW, 1)]).toEqual([false, false, true]);
  });

  it('fails those who wait while the store fails, and asks for those who come later', async () => {
    let broken = true;
    const memory = createMemoryLimitStore();
    let pass = (_ms: number): number => 0;
    const made = gate({
      take: async (window, limit) => {
        pass(10);
        if (broken) throw new Error('down');
        return memory.take(window, limit);
      },
    });
    pass = made.pass;

    const failing = await Promise.allSettled(Array.from({ length: 50 }, () => made.limits.take(WINDOW, 10)));
    const asked = made.asked();
    broken = false;
    const later = await made.limits.take(WINDOW, 10);

    expect(failing.every(({ status }) => status === 'rejected')).toBe(true);
    expect(asked).toBe(1);
    expect(later).toBe(true);
  });
});
