import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { isScanObject } from '../../core/scan-ids';

/** What the distributed map of lib/constructs/backfill-definition.ts hands to its function. */
const batchEventSchema = z.object({
  BatchInput: z.object({ bucket: z.string().min(3).max(255), dryRun: z.boolean() }),
  Items: z.array(z.object({ key: z.string().min(1), sizeBytes: z.number().nonnegative() })).min(1),
});

export interface Batch {
  readonly bucket: string;
  readonly dryRun: boolean;
  /** Of objects that can be scans: markers of folders and results beside scans are left out. */
  readonly keys: readonly string[];
}

/** @throws INVALID_REQUEST naming what is wrong, and no key */
export const parseBatchEvent = (event: unknown): Batch => {
  const parsed = batchEventSchema.safeParse(event);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'the event'} (${code})`);
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected a batch of a backfill, received one with problems in ${problems.join(', ')}`,
    );
  }
  const { BatchInput, Items } = parsed.data;
  return { ...BatchInput, keys: Items.filter(isScanObject).map(({ key }) => key) };
};
