import type { ResultStore } from '../../lib/core/ports';
import { describeBackfillWrites } from './backfill-writes.contract';
import { describeEventOrder } from './event-order.contract';
import { describeScanListing } from './scan-listing.contract';
import { describeScanWrites } from './scan-writes.contract';

export interface ResultStoreSettings {
  readonly now: () => number;
  readonly tombstoneDays: number | null;
}

/** A fresh, empty table; every store made from it sees the same entries. */
export interface OpenTable {
  createStore(settings?: Partial<ResultStoreSettings>): ResultStore;
  close(): Promise<void>;
}

export type OpenResultTable = () => Promise<OpenTable>;

/** What every ResultStore promises; ports.ts has it in words. */
export const describeResultStore = (name: string, open: OpenResultTable): void => {
  describe(`${name} as a ResultStore`, () => {
    describeScanWrites(open);
    describeEventOrder(open);
    describeBackfillWrites(open);
    describeScanListing(open);
  });
};
