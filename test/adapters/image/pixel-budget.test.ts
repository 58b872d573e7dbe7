import fc from 'fast-check';
import { createPixelBudget } from '../../../lib/adapters/image/pixel-budget';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createPixelBudget', () => {
  it('serves in the order of asking, so that small shares cannot starve a large one', async () => {
    const budget = createPixelBudget(10);
    const served: string[] = [];
    const ask = (name: string, pixels: number) =>
      budget.acquire(pixels).then((release) => {
        served.push(name);
        return release;
      });
    const first = await ask('first', 6);
    const large = ask('large', 10);
    const small = ask('small', 1);
    await turn();
    expect(served).toEqual(['first']);

    first();
    const releaseLarge = await large;
    expect(served).toEqual(['first', 'large']);
    releaseLarge();
    await small;

    expect(served).toEqual(['first', 'large', 'small']);
  });

  it('gives all there is to whoever wants more', async () => {
    const budget = createPixelBudget(10);

    const release = await budget.acquire(1000);
    release();

    await expect(budget.acquire(10)).resolves.toBeInstanceOf(Function);
  });

  it('counts a share given back twice once', async () => {
    const budget = createPixelBudget(10);
    const release = await budget.acquire(10);
    let servedBoth = false;

    release();
    release();
    await budget.acquire(10);
    void budget.acquire(1).then(() => {
      servedBoth = true;
    });
    await turn();

    expect(servedBoth).toBe(false);
  });

  it('never has more out than there is, and serves everyone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 30 }), async (wishes) => {
        const budget = createPixelBudget(10);
        let out = 0;
        let most = 0;

        await Promise.all(
          wishes.map(async (pixels) => {
            const release = await budget.acquire(pixels);
            out += Math.min(pixels, 10);
            most = Math.max(most, out);
            await turn();
            out -= Math.min(pixels, 10);
            release();
          }),
        );

        expect(most).toBeLessThanOrEqual(10);
        expect(out).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
