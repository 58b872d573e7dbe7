import { z } from 'zod';
import quotas from './quota-list.json';

const quota = z.int().positive();

/** Default quotas of an AWS account that a large backfill can meet. All may have been raised in yours. */
const quotaListSchema = z.object({
  /** When the sources were read, from stored copies. */
  date: z.iso.date(),
  lambda: z.object({ concurrency: quota, startsPerSecond: quota }),
  stepFunctions: z.object({ childConcurrency: quota, expressStartsPerSecond: quota, mapItems: quota }),
  s3: z.object({ readsPerSecondOfPrefix: quota }),
  dynamodb: z.object({
    tableWritesPerSecond: quota,
    newTableWritesPerSecond: quota,
    partitionWritesPerSecond: quota,
  }),
  kms: z.object({ requestsPerSecond: quota }),
  sources: z.record(z.string(), z.string()),
});
export type QuotaList = z.output<typeof quotaListSchema>;

export const QUOTA_LIST: QuotaList = quotaListSchema.parse(quotas);
