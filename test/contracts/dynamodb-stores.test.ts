import { createApiKeyStore, createMeterStores, createResultStore } from '../../lib/adapters/dynamodb';
import { openTestTable } from '../support/dynalite';
import { describeApiKeyStore } from './api-key-store.contract';
import { describeLimitStore } from './limit-store.contract';
import { describeResultStore } from './result-store.contract';
import { describeUsageStore } from './usage-store.contract';

const describeStores = (name: string, endpoint?: string): void => {
  describeResultStore(name, async () => {
    const { client, tableName, close } = await openTestTable(endpoint);
    return {
      createStore: (settings) => createResultStore({ client, tableName, tombstoneDays: 30, ...settings }),
      close,
    };
  });
  describeApiKeyStore(name, async () => {
    const { client, tableName, close } = await openTestTable(endpoint);
    return { store: createApiKeyStore({ client, tableName }), close };
  });
  describeLimitStore(name, async () => {
    const { client, tableName, close } = await openTestTable(endpoint);
    return { store: createMeterStores({ client, tableName }).limits, close };
  });
  describeUsageStore(name, async () => {
    const { client, tableName, close } = await openTestTable(endpoint);
    return { store: createMeterStores({ client, tableName }).usage, close };
  });
};

describeStores('DynamoDB adapter on dynalite');

/** moto (test/contracts/run-on-moto.js) or a region of AWS; tables are created and deleted. */
const endpoint = process.env.SULCUS_TEST_DYNAMODB_ENDPOINT;
if (endpoint !== undefined) {
  jest.setTimeout(300_000);
  describeStores('DynamoDB adapter on the given endpoint', endpoint);
} else {
  describe.skip('DynamoDB adapter on another endpoint', () => {
    it('runs when SULCUS_TEST_DYNAMODB_ENDPOINT is set', () => {});
  });
}
