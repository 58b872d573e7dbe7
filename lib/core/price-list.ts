import { z } from 'zod';
import { SulcusError } from './errors';
import usEast1 from './price-list.json';

const price = z.number().positive();

/** List prices in dollars, each by the unit its name says, without free tiers, discounts and taxes. */
const priceListSchema = z.object({
  /** When the sources were read. */
  date: z.iso.date(),
  region: z.string(),
  currency: z.literal('USD'),
  lambda: z.object({ x86_64GbSecond: price, arm64GbSecond: price, request: price }),
  apiGateway: z.object({ restRequest: price }),
  s3: z.object({ put: price, get: price, gbMonth: price }),
  /** On demand: a write of up to 1 kB, a consistent read of up to 4 kB. */
  dynamodb: z.object({ write: price, read: price, gbMonth: price }),
  sqs: z.object({ request: price }),
  logs: z.object({ gbIngested: price }),
  kms: z.object({ keyMonth: price, request: price }),
  eventBridge: z.object({ event: price }),
  xray: z.object({ trace: price }),
  ecr: z.object({ gbMonth: price }),
  secretsManager: z.object({ secretMonth: price }),
  stepFunctions: z.object({ transition: price, expressRequest: price, expressGbSecond: price }),
  cloudTrail: z.object({ dataEvent: price }),
  /** What the same work costs on a machine that is rented by the hour. */
  alwaysOn: z.array(
    z.object({
      name: z.string(),
      hour: price,
      vcpus: z.int().positive(),
      architecture: z.enum(['x86_64', 'arm64']),
    }),
  ),
  sources: z.record(z.string(), z.string()),
});
export type PriceList = z.output<typeof priceListSchema>;
export type Architecture = PriceList['alwaysOn'][number]['architecture'];

/** @throws CONFIG_INVALID naming what is missing or wrong */
export const parsePriceList = (json: unknown): PriceList => {
  const parsed = priceListSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SulcusError('CONFIG_INVALID', `expected a price list, received one with ${problems.join(', ')}`);
};

/** The list that is committed: what estimates are made with unless another is given. */
export const PRICE_LIST: PriceList = parsePriceList(usEast1);
