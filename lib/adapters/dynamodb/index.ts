export { createApiKeyStore } from './api-key-store';
export { createTable } from './create-table';
export { createResultStore, type ResultStoreOptions } from './result-store';
export { createTableClient, type TableClient } from './table-client';
