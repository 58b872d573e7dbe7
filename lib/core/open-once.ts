/**
 * Opens a resource at first use and keeps it; callers that come meanwhile wait for the same opening. A failed opening
 * is forgotten, so that the next caller tries again instead of inheriting a container that can never serve.
 */
export const openOnce = <T>(open: () => Promise<T>): (() => Promise<T>) => {
  let opening: Promise<T> | undefined;
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
};
