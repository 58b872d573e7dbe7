import { createMemoryLimitStore, createMemoryUsageStore } from '../support/memory-meter';
import { createMemoryApiKeyStore, createMemoryResultStore } from '../support/memory-stores';
import { describeApiKeyStore } from './api-key-store.contract';
import { describeLimitStore } from './limit-store.contract';
import { describeResultStore } from './result-store.contract';
import { describeUsageStore } from './usage-store.contract';

describeResultStore('memory', async () => ({ createStore: createMemoryResultStore, close: async () => {} }));
describeApiKeyStore('memory', async () => ({ store: createMemoryApiKeyStore(), close: async () => {} }));
describeLimitStore('memory', async () => ({ store: createMemoryLimitStore(), close: async () => {} }));
describeUsageStore('memory', async () => ({ store: createMemoryUsageStore(), close: async () => {} }));
