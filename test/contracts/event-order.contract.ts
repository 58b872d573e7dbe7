import fc from 'fast-check';
import type { RecordOutcome, ResultStore } from '../../lib/core/ports';
import { randomScanId } from '../../lib/core/scan-ids';
import { isTombstone, type ScanRecord, type Tombstone } from '../../lib/core/scan-record';
import { scanRecord, sequencerOf } from '../support/scan-records';
import type { OpenResultTable, OpenTable } from './result-store.contract';

type EventRecord = ScanRecord & { readonly sequencer: string };

type Step =
  | { readonly kind: 'announce' }
  | { readonly kind: 'event'; readonly order: number; readonly state: 'classified' | 'rejected' | 'failed' }
  | { readonly kind: 'bury' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'announce' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      order: fc.nat(3),
      state: fc.constantFrom('classified' as const, 'rejected' as const, 'failed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'bury' }) },
);

/** Content follows from order and state, as it does in life: the same bytes give the same result. */
const eventRecord = (scanId: string, order: number, state: ScanRecord['state']): EventRecord => ({
  ...scanRecord(state, { scanId, score: 0.5 + order / 100 }),
  sequencer: sequencerOf(order),
});

/** The rules of ports.ts in a few lines, as the store's opposite number. */
const createModel = () => {
  let entry: ScanRecord | Tombstone | undefined;
  return {
    entry: () => entry,
    createOnce: (record: ScanRecord): ScanRecord | Tombstone => {
      entry ??= record;
      return entry;
    },
    recordEvent: (record: EventRecord): RecordOutcome => {
      if (entry !== undefined && isTombstone(entry)) return 'deleted';
      if (entry !== undefined && entry.sequencer === null && entry.state !== 'pending') return 'kept';
      const stored = entry?.sequencer ?? '';
      const isFinal = entry?.state === 'classified' || entry?.state === 'rejected';
      if (stored > record.sequencer || (stored === record.sequencer && isFinal)) return 'kept';
      entry = record;
      return 'stored';
    },
    bury: (): ScanRecord | undefined => {
      const stored = entry;
      if (stored === undefined || isTombstone(stored)) return undefined;
      entry = { scanId: stored.scanId, deleted: true };
      return stored;
    },
  };
};

const play = async (
  target: Pick<ResultStore, 'createOnce' | 'recordEvent' | 'bury'>,
  scanId: string,
  steps: readonly Step[],
) => {
  const answers: unknown[] = [];
  for (const current of steps) {
    if (current.kind === 'announce') answers.push(await target.createOnce(scanRecord('pending', { scanId })));
    else if (current.kind === 'bury') answers.push(await target.bury(scanId));
    else answers.push(await target.recordEvent(eventRecord(scanId, current.order, current.state)));
  }
  return answers;
};

/** Deliveries of one object's events: each order has one final state, failures before it, and everything repeated. */
const deliveries = fc
  .array(
    fc.record({
      order: fc.nat(5),
      final: fc.constantFrom('classified' as const, 'rejected' as const),
      failures: fc.nat(2),
      copies: fc.integer({ min: 0, max: 2 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((events) => [...new Map(events.map((event) => [event.order, event])).values()])
  .map((events) =>
    events.flatMap(({ order, final, failures, copies }) => [
      ...Array.from({ length: failures }, (): Step => ({ kind: 'event', order, state: 'failed' })),
      ...Array.from({ length: copies }, (): Step => ({ kind: 'event', order, state: final })),
    ]),
  )
  .chain((steps) =>
    fc.tuple(fc.constant(steps), fc.shuffledSubarray(steps, { minLength: steps.length }), fc.nat(steps.length)),
  );

/** Events come at least once and in any order; what is stored in the end must not depend on it. */
export const describeEventOrder = (open: OpenResultTable): void => {
  describe('events in any order', () => {
    let table: OpenTable;
    beforeAll(async () => {
      table = await open();
    });
    afterAll(() => table.close());

    it('answers and stores, step by step, what the rules say', async () => {
      const store = table.createStore();

      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
          const scanId = randomScanId();
          const model = createModel();
          const inModel = await play(model as never, scanId, steps);

          const inStore = await play(store, scanId, steps);

          expect(inStore).toEqual(inModel);
          expect(await store.get(scanId)).toEqual(model.entry());
        }),
        { numRuns: 40 },
      );
    });

    it('leads to the same entry from every permutation of repeated deliveries', async () => {
      const store = table.createStore();

      await fc.assert(
        fc.asyncProperty(deliveries, async ([inOrder, shuffled]) => {
          const scanId = randomScanId();
          const events = inOrder.filter((current) => current.kind === 'event');
          const newest = Math.max(...events.map(({ order }) => order));
          const ofNewest = events.filter(({ order }) => order === newest).map(({ state }) => state);
          const state = ofNewest.find((some) => some !== 'failed') ?? ofNewest[0];

          await play(store, scanId, shuffled);

          expect(await store.get(scanId)).toEqual(state && eventRecord(scanId, newest, state));
        }),
        { numRuns: 40 },
      );
    });

    it('stays deleted whenever an announced scan is deleted among its deliveries', async () => {
      const store = table.createStore();

      await fc.assert(
        fc.asyncProperty(deliveries, async ([, shuffled, place]) => {
          const scanId = randomScanId();
          const steps: Step[] = [
            { kind: 'announce' },
            ...shuffled.slice(0, place),
            { kind: 'bury' },
            ...shuffled.slice(place),
          ];

          await play(store, scanId, steps);

          expect(await store.get(scanId)).toEqual({ scanId, deleted: true });
        }),
        { numRuns: 20 },
      );
    });

    it('ends with the newest event when all come at once', async () => {
      const store = table.createStore();
      const scanId = randomScanId();
      const records = Array.from({ length: 20 }, (_, order) => eventRecord(scanId, order % 10, 'classified'));

      await Promise.all(records.map((record) => store.recordEvent(record)));

      expect(await store.get(scanId)).toEqual(eventRecord(scanId, 9, 'classified'));
    });
  });
};
