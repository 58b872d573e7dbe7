import { createMeter, type Meter } from '../../lib/core/meter-scan';
import type { LimitStore, Logger, UsageAmounts, UsageStore } from '../../lib/core/ports';
import { createLogRecorder } from './log-recorder';
import { createMemoryApiKeyStore } from './memory-stores';

export const createMemoryLimitStore = (): LimitStore => {
  const counters = new Map<string, number>();
  const nameOf = ({ keyId, name }: { keyId: string; name: string }): string => `${keyId} ${name}`;
  return {
    take: async (window, limit) => {
      const taken = counters.get(nameOf(window)) ?? 0;
      if (taken >= limit) return false;
      counters.set(nameOf(window), taken + 1);
      return true;
    },
    giveBack: async (window) => {
      const taken = counters.get(nameOf(window)) ?? 0;
      if (taken > 0) counters.set(nameOf(window), taken - 1);
    },
    taken: async (window) => counters.get(nameOf(window)) ?? 0,
  };
};

const AMOUNTS = ['scans', 'rejected', 'bytes', 'computeMicroseconds', 'costNanodollars'] as const;

export const createMemoryUsageStore = (): UsageStore => {
  const days = new Map<string, Map<string, UsageAmounts>>();
  return {
    add: async (keyId, day, _scanId, amounts) => {
      if (AMOUNTS.every((name) => amounts[name] === 0)) return;
      const ofKey = days.get(keyId) ?? new Map<string, UsageAmounts>();
      const earlier = ofKey.get(day);
      const sum = Object.fromEntries(AMOUNTS.map((name) => [name, (earlier?.[name] ?? 0) + amounts[name]]));
      days.set(keyId, ofKey.set(day, sum as unknown as UsageAmounts));
    },
    list: async (keyId, from, to) =>
      [...(days.get(keyId) ?? new Map<string, UsageAmounts>())]
        .filter(([day]) => day >= from && day <= to)
        .map(([day, amounts]) => ({ day, ...amounts }))
        .sort((a, b) => (a.day < b.day ? -1 : 1)),
  };
};

/** A meter in memory for a function of one vCPU. */
export const createMemoryMeter = ({
  now = Date.now,
  logger = createLogRecorder(),
}: {
  now?: () => number;
  logger?: Logger;
} = {}): Meter =>
  createMeter({
    limits: createMemoryLimitStore(),
    usage: createMemoryUsageStore(),
    memoryMegabytes: 1769,
    architecture: 'x86_64',
    logger,
    now,
  });

/** What use cases for uploads need to meter, when a test is about something else. */
export const createUploadMeter = () => ({ meter: createMemoryMeter(), keys: createMemoryApiKeyStore() });
