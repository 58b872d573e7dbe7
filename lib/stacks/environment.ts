import type { Settings } from '../core/deployment-settings';
import { ENV } from '../topology';
import type { DataStack } from './data-stack';

/** Where functions find scans and results, and how those are kept. */
export const storeEnvironment = (
  { results, scans }: DataStack,
  { retentionDays, resultObjects }: Settings,
): Readonly<Record<string, string>> => ({
  [ENV.tableName]: results.table.tableName,
  [ENV.bucketName]: scans.bucket.bucketName,
  ...(retentionDays === null ? {} : { [ENV.retentionDays]: String(retentionDays) }),
  ...(resultObjects ? { [ENV.resultObjects]: 'on' } : {}),
});
