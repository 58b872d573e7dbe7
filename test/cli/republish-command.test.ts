import { republishCommand } from '../../lib/cli/republish-command';
import type { ScanEvent } from '../../lib/core/event-contract';
import { toScanEvent } from '../../lib/core/scan-event';
import { createMemoryResultStore } from '../support/memory-stores';
import { recordOutput } from '../support/output-recorder';
import { scanRecord } from '../support/scan-records';

const HOUR = '2026-11-23T10';
const record = (minute: number, state: 'classified' | 'pending' | 'rejected' = 'classified') =>
  scanRecord(state, { createdAt: `${HOUR}:${String(minute).padStart(2, '0')}:00.000Z` });

/** A deployment of so many results, whose bus takes all events but those of one scan. */
const run = async (records: ReturnType<typeof record>[], options: object, refused?: string) => {
  const results = createMemoryResultStore();
  for (const each of records) await results.createOnce(each);
  const published: ScanEvent[] = [];
  let closed = 0;
  const bus = {
    publish: async (events: readonly ScanEvent[]) => {
      const end = events.findIndex(({ scanId }) => scanId === refused);
      const taken = end < 0 ? events : events.slice(0, end);
      published.push(...taken);
      return events.map((_, index) => index < taken.length);
    },
  };
  const output = recordOutput();
  const ran = republishCommand({ table: 'table', from: `${HOUR}:00:00Z`, json: true, ...options }, output, () => ({
    results,
    bus,
    close: () => {
      closed += 1;
    },
  }));
  const error = await ran.then(
    () => undefined,
    (failure: Error) => failure.message,
  );
  return { published, error, lines: output.lines.map((line) => JSON.parse(line)), closed };
};

describe('sulcus republish', () => {
  test('makes the events that were made before, newest first, over all pages', async () => {
    const records = Array.from({ length: 150 }, (_, index) => record(index % 60));
    const before = await Promise.all(records.map(toScanEvent));

    const { published, lines, closed } = await run(records, {});

    expect(new Set(published.map(({ eventId }) => eventId))).toEqual(new Set(before.map((event) => event?.eventId)));
    expect(published.map(({ createdAt }) => createdAt)).toEqual(
      records.map(({ createdAt }) => createdAt).toSorted((a, b) => (a < b ? 1 : -1)),
    );
    expect([lines[0]?.published, closed]).toEqual([150, 1]);
  });

  test('of final results in the range alone', async () => {
    const inside = [record(20), record(30, 'rejected')];

    const { published } = await run([record(19), ...inside, record(25, 'pending'), record(31)], {
      from: `${HOUR}:20:00Z`,
      to: `${HOUR}:30:00Z`,
    });

    expect(published.map(({ scanId }) => scanId)).toEqual(inside.map(({ scanId }) => scanId).toReversed());
  });

  test('says where to go on when the bus does not take one', async () => {
    const records = [record(10), record(20), record(30)];

    const { published, error, closed } = await run(records, {}, records[1]?.scanId);

    expect(published.map(({ scanId }) => scanId)).toEqual([records[2]?.scanId]);
    expect(error).toMatch(/received a failure after 1: go on with --to 2026-11-23T10:20:00\.000Z$/);
    expect(closed).toBe(1);
  });

  test.each([{ from: 'yesterday' }, { to: '2026-11-22' }])('refuses %j', async (options) => {
    const { error, published } = await run([record(1)], options);

    expect(error).toMatch(/^expected times such as 2026-01-31T08:00:00Z/);
    expect(published).toEqual([]);
  });
});
