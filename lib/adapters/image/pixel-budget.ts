/** A share of a budget; give it back once, further calls do nothing. */
export type Release = () => void;

export interface PixelBudget {
  /** Waits, first come first served, until `pixels` fit beside what is out; more than there is at all waits for all of it. */
  acquire(pixels: number): Promise<Release>;
}

interface Waiting {
  readonly pixels: number;
  readonly grant: () => void;
}

/**
 * Bounds the pixels decoded at one time: many small images together, a big one alone. The queue is strict, so a big
 * image waits only for those that came before it and cannot be starved by small ones.
 */
export const createPixelBudget = (total: number): PixelBudget => {
  let free = total;
  const queue: Waiting[] = [];
  const serve = () => {
    for (let next = queue[0]; next !== undefined && next.pixels <= free; next = queue[0]) {
      queue.shift();
      free -= next.pixels;
      next.grant();
    }
  };
  return {
    acquire: (wanted) =>
      new Promise((resolve) => {
        const pixels = Math.min(wanted, total);
        let held = true;
        const release = () => {
          if (!held) return;
          held = false;
          free += pixels;
          serve();
        };
        queue.push({ pixels, grant: () => resolve(release) });
        serve();
      }),
  };
};
