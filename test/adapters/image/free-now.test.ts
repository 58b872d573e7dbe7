import { freeNow } from '../../../lib/adapters/image/free-now';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const freeLargeArray = () => {
  const pixels = new Uint8Array(32 * 1024 * 1024);
  freeNow(pixels);
  return { detached: pixels.length === 0, buffer: new WeakRef(pixels.buffer) };
};

describe('freeNow', () => {
  it('has the memory of a large array back within two turns', async () => {
    const { detached, buffer } = freeLargeArray();

    await turn();
    await turn();

    expect(detached || buffer.deref() === undefined).toBe(true);
  });

  it('leaves a small array to the garbage collector', () => {
    const pixels = Uint8Array.of(1, 2, 3);

    freeNow(pixels);

    expect([...pixels]).toEqual([1, 2, 3]);
  });
});
