import { z } from 'zod';

/** How many scans a key may start in a second or a minute. */
export interface Rate {
  readonly count: number;
  readonly per: 'second' | 'minute';
}

/** What a key may use; null is without limit. */
export interface KeyLimits {
  readonly rate: Rate | null;
  /** Scans in a calendar month of UTC. */
  readonly quota: number | null;
}

export const NO_LIMITS: KeyLimits = { rate: null, quota: null };

/** Above, one counter would have to take more writes a second than a DynamoDB partition does. */
export const HIGHEST_RATE_PER_SECOND = 500;
export const HIGHEST_QUOTA = 1_000_000_000;

const UNITS: ReadonlyMap<string, Rate['per']> = new Map([
  ...['s', 'sec', 'second'].map((name) => [name, 'second'] as const),
  ...['m', 'min', 'minute'].map((name) => [name, 'minute'] as const),
]);

/** `20`, `20/s` and `20/second` are a second's, `20/m`, `20/min` and `20/minute` a minute's; undefined for anything else. */
export const parseRate = (text: string): Rate | undefined => {
  const [, digits, unit = 's'] = /^([1-9]\d{0,8})(?:\/([a-z]+))?$/.exec(text) ?? [];
  const per = UNITS.get(unit);
  const count = Number(digits);
  if (digits === undefined || per === undefined) return undefined;
  return count <= HIGHEST_RATE_PER_SECOND * (per === 'minute' ? 60 : 1) ? { count, per } : undefined;
};

/** As `parseRate` reads it back. */
export const formatRate = ({ count, per }: Rate): string => `${count}/${per}`;

export const rateSchema = z.string().transform((text, context) => {
  const rate = parseRate(text);
  if (rate !== undefined) return rate;
  context.addIssue('expected a rate such as 20/second');
  return z.NEVER;
});

/** What the authorizer tells the function about a key: API Gateway passes text, numbers and truth values on as text. */
export type KeyContext = Readonly<
  Record<'apiKeyId', string> & Partial<Record<'rate' | 'quota' | 'keyExpiresAt', string>>
>;

export interface KeyHolder extends KeyLimits {
  readonly keyId: string;
  /** ISO 8601; null when the key has no end. */
  readonly expiresAt: string | null;
}

export const toKeyContext = ({ keyId, rate, quota, expiresAt }: KeyHolder): KeyContext => ({
  apiKeyId: keyId,
  ...(rate === null ? {} : { rate: formatRate(rate) }),
  ...(quota === null ? {} : { quota: String(quota) }),
  ...(expiresAt === null ? {} : { keyExpiresAt: expiresAt }),
});

const absent = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? null);

/** Members beyond these are API Gateway's. An unreadable limit is a failure, not the absence of one. */
export const keyContextSchema = z
  .object({
    apiKeyId: absent(z.string().min(1)),
    rate: absent(rateSchema),
    quota: absent(z.coerce.number().pipe(z.int().min(1))),
    keyExpiresAt: absent(z.iso.datetime()),
  })
  .transform(({ rate, quota, ...rest }) => ({ ...rest, limits: { rate, quota } }));
