export { createApiKeyStore } from './api-key-store';
export { createTable } from './create-table';
export { createLimitStore } from './limit-store';
export { createMeterStores } from './meter-stores';
export { createResultStore, type ResultStoreOptions } from './result-store';
export { readAsStreamEvent, readStreamRecords, writtenAsStreamEvent } from './stream-records';
export { createTableClient, type TableClient } from './table-client';
export { createUsageStore } from './usage-store';
