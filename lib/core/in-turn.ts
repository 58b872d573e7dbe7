/** Does a work once those before it have ended, well or not; answers what it answers and throws what it throws. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** One work at a time, first come first served. */
export const createInTurn = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
};
