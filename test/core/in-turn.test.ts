import { createInTurn } from '../../lib/core/in-turn';

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createInTurn', () => {
  it('does one work at a time, in the order it was asked', async () => {
    const inTurn = createInTurn();
    const steps: string[] = [];
    const work = (name: string) => async (): Promise<string> => {
      steps.push(`${name} begins`);
      await later();
      steps.push(`${name} ends`);
      return name;
    };

    const answers = await Promise.all([inTurn(work('a')), inTurn(work('b'))]);

    expect(answers).toEqual(['a', 'b']);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('throws what a work throws to whoever asked, and goes on', async () => {
    const inTurn = createInTurn();

    const failed = inTurn(() => Promise.reject(new Error('broken')));
    const next = inTurn(async () => 'next');

    await expect(failed).rejects.toThrow('broken');
    await expect(next).resolves.toBe('next');
  });
});
