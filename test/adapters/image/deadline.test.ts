import { settleWithin } from '../../../lib/adapters/image/deadline';
import { SulcusError } from '../../../lib/core/errors';

const late = () => new SulcusError('UNREADABLE_IMAGE', 'late');
const afterwards = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

describe('settleWithin', () => {
  it('gives what the work gives in time, its failure too', async () => {
    await expect(settleWithin(afterwards(1, 'done'), 5, late)).resolves.toBe('done');
    await expect(settleWithin(Promise.reject(new SulcusError('INTERNAL', 'broken')), 5, late)).rejects.toThrow(
      'broken',
    );
  });

  it('fails when the time is over, while the work goes on', async () => {
    const work = afterwards(60, 'done');

    await expect(settleWithin(work, 0.01, late)).rejects.toThrow('late');
    await expect(work).resolves.toBe('done');
  });
});
