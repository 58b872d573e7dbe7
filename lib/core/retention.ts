const DAY_MS = 86_400_000;

/** From when on results are kept, ISO 8601; undefined when all are. */
export const keptFrom = (now: number, retentionDays: number | null): string | undefined =>
  retentionDays === null ? undefined : new Date(now - retentionDays * DAY_MS).toISOString();
