import { createResultStore, createTable, createTableClient } from '../../lib/adapters/dynamodb';
import { openLocalTable } from '../../lib/local/table';
import { scanRecord } from './scan-records';

/** A process of its own that writes scans to a data folder and prints each id once it is acknowledged; to be killed. */
const main = async (dataFolder: string): Promise<void> => {
  const { endpoint } = await openLocalTable(dataFolder);
  const client = createTableClient({ endpoint });
  await createTable(client, 'results');
  const store = createResultStore({ client, tableName: 'results', tombstoneDays: 30 });
  for (;;) {
    const records = Array.from({ length: 8 }, () => scanRecord('classified'));
    await Promise.all(
      records.map(async (record) => {
        await store.createOnce(record);
        process.stdout.write(`${record.scanId}\n`);
      }),
    );
  }
};

void main(process.argv[2] as string);
