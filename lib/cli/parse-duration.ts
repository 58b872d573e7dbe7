const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `24h`, `7d`, or `0`, in milliseconds; undefined for anything else, and for more than ten years. */
export const parseDuration = (text: string): number | undefined => {
  if (text === '0') return 0;
  const [, digits, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const durationMs = Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  return durationMs <= 3_650 * 86_400_000 ? durationMs : undefined;
};
