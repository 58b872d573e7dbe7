/**
 * Calls `work` for every item, `atOnce` of them side by side: each worker takes the next item when it is done with one.
 * Items that break off, or a work that throws, end the worker that met them; the others go on to the end.
 * @throws the first of such errors, when no work is in hand any more
 */
export const workThrough = async <Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  // One generator for all: what one worker has taken no other gets.
  const queue = (async function* () {
    yield* items;
  })();
  const worker = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await queue.next();
      if (done === true) return;
      await work(value);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
};
