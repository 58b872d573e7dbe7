import { SulcusError, toSulcusError } from '../../core/errors';

const hasName = (error: unknown, name: string): boolean =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === name;

/**
 * One call to DynamoDB.
 * @throws STORE_UNAVAILABLE with the SDK's error as its cause, whatever went wrong; errors of ours pass
 */
export const storeCall = async <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw toSulcusError(error, 'STORE_UNAVAILABLE', 'expected an answer from the result table, received a failure');
  }
};

/** A conditional write: undefined when its condition did not hold. @throws STORE_UNAVAILABLE otherwise */
export const conditionalCall = <T>(call: () => Promise<T>): Promise<T | undefined> =>
  storeCall(async () => {
    try {
      return await call();
    } catch (error) {
      if (hasName(error, 'ConditionalCheckFailedException')) return undefined;
      throw error;
    }
  });

/** A look-up of the table itself: undefined when there is none. @throws STORE_UNAVAILABLE otherwise */
export const tableCall = <T>(call: () => Promise<T>): Promise<T | undefined> =>
  storeCall(async () => {
    try {
      return await call();
    } catch (error) {
      if (hasName(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  });

const THROTTLED = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];

/** True when DynamoDB says that it was asked too much, and so did nothing. */
export const isThrottled = (error: unknown): boolean => THROTTLED.some((name) => hasName(error, name));

/** What the adapter gives up with after trying again: rare enough that a retry from outside is right. */
export const storeBusy = (expected: string): SulcusError =>
  new SulcusError('STORE_UNAVAILABLE', `expected ${expected}, received too many conflicts or throttled answers`);
