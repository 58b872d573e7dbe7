import type { LimitStore, UsageStore } from '../../core/ports';
import { createLimitStore } from './limit-store';
import { onceClientOf, type TableClient } from './table-client';
import { createUsageStore } from './usage-store';

/** Limits and usage in one table, as every function that meters needs them. */
export const createMeterStores = (options: {
  readonly client: TableClient;
  readonly tableName: string;
}): { readonly limits: LimitStore; readonly usage: UsageStore } => ({
  limits: createLimitStore(options),
  usage: createUsageStore({ ...options, once: onceClientOf(options.client) }),
});
