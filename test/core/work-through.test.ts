import { workThrough } from '../../lib/core/work-through';

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('workThrough', () => {
  it.each([1, 2, 7])('works on every item once, %i side by side and no more', async (atOnce) => {
    const items = Array.from({ length: 7 }, (_, index) => index);
    const done: number[] = [];
    let running = 0;
    let most = 0;

    await workThrough(items, atOnce, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await later();
      done.push(item);
      running -= 1;
    });

    expect(done.toSorted((a, b) => a - b)).toEqual(items);
    expect(most).toBe(atOnce);
  });

  it('ends with what was in hand when the items break off, and throws their error', async () => {
    const done: string[] = [];
    const items = (async function* () {
      yield 'first';
      yield 'second';
      throw new Error('the listing broke off');
    })();

    const working = workThrough(items, 2, async (item) => {
      await later();
      done.push(item);
    });

    await expect(working).rejects.toThrow('the listing broke off');
    expect(done).toEqual(['first', 'second']);
  });

  it('goes on with the other items when a work throws', async () => {
    const done: number[] = [];

    const working = workThrough([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error('one');
      done.push(item);
    });

    await expect(working).rejects.toThrow('one');
    expect(done).toEqual([2, 3, 4]);
  });

  it('does nothing without items', async () => {
    await expect(workThrough([], 2, () => Promise.reject(new Error('called')))).resolves.toBeUndefined();
  });
});
