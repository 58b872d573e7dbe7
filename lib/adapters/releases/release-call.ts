import { isSulcusError, SulcusError } from '../../core/errors';

/** What AWS refuses, by the name it gives it: its messages hold account numbers. */
export const releaseCall = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await call();
  } catch (cause) {
    if (isSulcusError(cause)) throw cause;
    const { name = 'Error' } = (cause ?? {}) as { name?: string };
    // What is no answer of AWS has no name of its own, such as a region that is not set.
    const received = name === 'Error' ? 'no answer' : name;
    throw new SulcusError('STORE_UNAVAILABLE', `expected AWS to answer for the release, received ${received}`, {
      cause,
    });
  }
};
