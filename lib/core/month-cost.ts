import type { PriceList } from './price-list';
import {
  type CostLines,
  computeCost,
  type FunctionSize,
  gbSecondPrice,
  type ScanCost,
  scanCost,
  sumOf,
} from './scan-cost';

const HOURS_PER_MONTH = 730;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600;

/** A function that nobody calls for this long is taken away; AWS promises nothing, people see 5 to 15 minutes. */
const IDLE_SECONDS = 600;
/** Polls of an empty queue: Lambda keeps five, each of 20 s. */
const IDLE_POLLS = (5 * SECONDS_PER_MONTH) / 20;
/** A result and its index entries. */
const STORED_GB_PER_SCAN = 1.7e-6;
const IMAGE_GB = 0.35;
/** X-Ray's default rule: the first request of each second, and this share of the others. */
const TRACED_SHARE = 0.05;

/**
 * What one event costs on its way to a webhook: sent to the queue, received, deleted, POSTed by a function of 512 MB
 * whose receiver takes 200 ms to answer. Up to ten share a function; one each is the dearest case.
 */
const WEBHOOK = { sqsRequests: 3, invocations: 1, gbSeconds: 0.5 * 0.2, logBytes: 1_000 } as const;

export interface MonthPlan {
  readonly path: ScanCost['path'];
  readonly scans: number;
  /** Of an image file, in bytes. */
  readonly bytes: number;
  /** Of one warm scan. */
  readonly computeMs: number;
  /** From the start of a container to the scores of its first scan. */
  readonly coldMs: number;
  readonly packaging: 'image' | 'layers';
  readonly size: FunctionSize;
  /** Whether every result is sent to a webhook. */
  readonly webhook: boolean;
}

export type MonthLines = CostLines &
  Readonly<Record<'coldStarts' | 's3Storage' | 'tableStorage' | 'tracing' | 'image' | 'webhook', number>>;

/** The share of scans that find no warm container, were they to come at random times: none came for so long before. */
export const coldShare = (scans: number): number => Math.exp((-scans / SECONDS_PER_MONTH) * IDLE_SECONDS);

const tracedShare = (scans: number): number => {
  const perSecond = scans / SECONDS_PER_MONTH;
  const first = 1 - Math.exp(-perSecond);
  return (first + TRACED_SHARE * (perSecond - first)) / perSecond;
};

/** Its queue is polled and its secret kept however few results there are. */
const webhookCost = (prices: PriceList, { scans, size }: MonthPlan): number =>
  prices.secretsManager.secretMonth +
  (IDLE_POLLS + scans * WEBHOOK.sqsRequests) * prices.sqs.request +
  scans * WEBHOOK.invocations * prices.lambda.request +
  scans * WEBHOOK.gbSeconds * gbSecondPrice(prices, size.architecture) +
  ((scans * WEBHOOK.logBytes) / 1e9) * prices.logs.gbIngested;

/** What a month of scans costs at list price, by service, what is stored that month included. */
export const monthCost = (prices: PriceList, plan: MonthPlan): MonthLines => {
  const { path, scans, bytes, computeMs, coldMs, packaging, size } = plan;
  const one = scanCost(prices, size, { path, computeMs, bytes });
  const all = Object.fromEntries(Object.entries(one).map(([name, cost]) => [name, cost * scans])) as CostLines;
  const uploads = path === 'upload';
  return {
    ...all,
    sqs: all.sqs + (uploads ? IDLE_POLLS * prices.sqs.request : 0),
    kms: all.kms + prices.kms.keyMonth,
    coldStarts: coldShare(scans) * scans * computeCost(prices, size, Math.max(0, coldMs - computeMs)),
    s3Storage: uploads ? ((scans * bytes) / 1e9) * prices.s3.gbMonth : 0,
    tableStorage: scans * STORED_GB_PER_SCAN * prices.dynamodb.gbMonth,
    tracing: tracedShare(scans) * scans * prices.xray.trace,
    image: packaging === 'image' ? IMAGE_GB * prices.ecr.gbMonth : 0,
    webhook: plan.webhook ? webhookCost(prices, plan) : 0,
  };
};

export interface BreakEven {
  readonly name: string;
  readonly dollarsPerMonth: number;
  /** Scans a month from which the box is the cheaper one; null when that is more than it can do. */
  readonly scans: number | null;
  /** What the box can do in a month, every vCPU busy all the time. */
  readonly capacity: number;
}

/**
 * From how many scans on a machine rented by the hour costs less than all of this, its own storage, gateway and upkeep
 * left out. The scan takes as long there as here.
 */
export const breakEven = (prices: PriceList, plan: MonthPlan): BreakEven[] =>
  prices.alwaysOn.map(({ name, hour, vcpus }) => {
    const dollarsPerMonth = hour * HOURS_PER_MONTH;
    const capacity = Math.floor((vcpus * SECONDS_PER_MONTH * 1000) / plan.computeMs);
    let [low, high] = [1, capacity];
    const costOf = (scans: number) => sumOf(monthCost(prices, { ...plan, scans }));
    if (costOf(capacity) < dollarsPerMonth) return { name, dollarsPerMonth, scans: null, capacity };
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (costOf(middle) < dollarsPerMonth) low = middle;
      else high = middle;
    }
    return { name, dollarsPerMonth, scans: high, capacity };
  });
