/** What the work gives, or the error once the seconds are over; the work itself cannot be stopped and goes on. */
export const settleWithin = async <T>(work: Promise<T>, seconds: number, expired: () => Error): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(expired()), seconds * 1000);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
};
