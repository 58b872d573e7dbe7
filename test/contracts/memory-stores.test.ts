import { createMemoryApiKeyStore, createMemoryResultStore } from '../support/memory-stores';
import { describeApiKeyStore } from './api-key-store.contract';
import { describeResultStore } from './result-store.contract';

describeResultStore('memory', async () => ({ createStore: createMemoryResultStore, close: async () => {} }));
describeApiKeyStore('memory', async () => ({ store: createMemoryApiKeyStore(), close: async () => {} }));
