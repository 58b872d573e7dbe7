import { BACKFILL } from '../topology';
import type { PriceList } from './price-list';
import type { QuotaList } from './quota-list';
import { computeCost, type FunctionSize, KMS_REQUESTS_PER_SCAN, scanCost, USES } from './scan-cost';

export interface BackfillWork {
  readonly scans: number;
  /** Batches, and so functions, at once. */
  readonly concurrency: number;
  /** Of one warm scan, file in, scores out, on one vCPU. */
  readonly computeMs: number;
  /** From the start of a container to the scores of its first scan. */
  readonly coldMs: number;
  readonly size: FunctionSize;
}

/** A listing answers with so many names. */
const NAMES_PER_LIST = 1000;
/** The least memory Step Functions bills an Express execution by, in GB. */
const EXPRESS_GB = 64 / 1024;
/** HEAD, which says the version, and GET. */
const S3_READS = 2;
/** Shards of an index's partition (lib/adapters/dynamodb/scan-index.ts) and of a day's usage counter. */
const INDEX_SHARDS = 16;
const USAGE_SHARDS = 8;
/** X-Ray's default rule traces this share of the executions beyond the first of a second. */
const TRACED_SHARE = 0.05;
/** A result and its index entries. */
const STORED_GB_PER_SCAN = 1.7e-6;
/** The line of a scan as Powertools writes it, 810 bytes, and the 26 that CloudWatch Logs adds to each. */
export const SCAN_LOG_BYTES = 836;
/** Estimated: seven steps of an Express execution, logged without data; three lines of Lambda's own. */
const STEP_LOG_BYTES = 7 * 400;
const INVOCATION_LOG_BYTES = 900;

/** What comes at once, second by second, while it runs. */
export interface BackfillRates {
  readonly scansPerSecond: number;
  readonly batchesPerSecond: number;
  /** Waiting for S3 and DynamoDB overlaps with the scan beside it; the plan counts on nothing of that. */
  readonly batchSeconds: number;
  readonly hours: number;
}

export const backfillRates = ({ scans, concurrency, computeMs }: BackfillWork): BackfillRates => {
  const batchSeconds = (BACKFILL.batchItems * (computeMs + USES.upload.waitMs)) / 1000;
  const batchesPerSecond = concurrency / batchSeconds;
  const scansPerSecond = batchesPerSecond * BACKFILL.batchItems;
  return { scansPerSecond, batchesPerSecond, batchSeconds, hours: scans / scansPerSecond / 3600 };
};

export type BackfillCost = Readonly<
  Record<
    | 'compute'
    | 'coldStarts'
    | 'requests'
    | 'stepFunctions'
    | 's3'
    | 'dynamodb'
    | 'tableMonth'
    | 'logs'
    | 'kms'
    | 'events'
    | 'auditTrail'
    | 'tracing',
    number
  >
>;

/** Dollars at list price, by service, when every scan is new; one that has its result costs two reads and a request's share. */
export const backfillCost = (prices: PriceList, work: BackfillWork): BackfillCost => {
  const { scans, concurrency, computeMs, coldMs, size } = work;
  const { batchSeconds } = backfillRates(work);
  const one = scanCost(prices, size, { path: 'upload', computeMs, bytes: 0 });
  const batches = Math.ceil(scans / BACKFILL.batchItems);
  const { transition, expressRequest, expressGbSecond } = prices.stepFunctions;
  const logBytes = scans * SCAN_LOG_BYTES + batches * (STEP_LOG_BYTES + INVOCATION_LOG_BYTES);
  return {
    compute: scans * one.compute,
    coldStarts: concurrency * computeCost(prices, size, Math.max(0, coldMs - computeMs)),
    requests: batches * prices.lambda.request,
    stepFunctions: batches * (transition + expressRequest + EXPRESS_GB * batchSeconds * expressGbSecond),
    // A listing costs what a PUT does.
    s3: scans * S3_READS * prices.s3.get + Math.ceil(scans / NAMES_PER_LIST) * prices.s3.put,
    dynamodb: scans * one.dynamodb,
    tableMonth: scans * STORED_GB_PER_SCAN * prices.dynamodb.gbMonth,
    logs: (logBytes / 1e9) * prices.logs.gbIngested,
    kms: scans * one.kms,
    events: scans * one.events,
    auditTrail: scans * S3_READS * prices.cloudTrail.dataEvent,
    tracing: batches * TRACED_SHARE * prices.xray.trace,
  };
};

export interface MetLimit {
  readonly name: string;
  readonly used: number;
  readonly quota: number;
  readonly unit: string;
  /** What to do where it does not suffice. */
  readonly otherwise: string;
}

/** What a backfill uses of each quota; `used` above `quota` is throttled, or refused. */
export const backfillLimits = (quotas: QuotaList, work: BackfillWork): MetLimit[] => {
  const { scansPerSecond, batchesPerSecond } = backfillRates(work);
  const { lambda, stepFunctions, s3, dynamodb, kms } = quotas;
  const perSecond = 'a second';
  const limit = (name: string, used: number, quota: number, unit: string, otherwise: string): MetLimit => ({
    name,
    used,
    quota,
    unit,
    otherwise,
  });
  return [
    limit(
      'Lambda, functions at once',
      work.concurrency,
      lambda.concurrency,
      'of the account',
      'ask for more, and leave the API its share',
    ),
    limit(
      'Lambda, until all have started',
      work.concurrency / lambda.startsPerSecond,
      600,
      'seconds',
      'nothing: the first minutes are slower',
    ),
    limit(
      'Step Functions, children of a map run',
      work.concurrency,
      stepFunctions.childConcurrency,
      'at once, fixed',
      'several prefixes at once',
    ),
    limit(
      'Step Functions, starts of children',
      batchesPerSecond,
      stepFunctions.expressStartsPerSecond,
      perSecond,
      'larger batches',
    ),
    limit(
      'Step Functions, objects of a map run',
      work.scans,
      stepFunctions.mapItems,
      'objects, fixed',
      'one run a prefix',
    ),
    limit(
      'S3, reads below one prefix',
      scansPerSecond * S3_READS,
      s3.readsPerSecondOfPrefix,
      perSecond,
      'S3 splits prefixes under load; failed reads are tried again',
    ),
    limit(
      'DynamoDB, writes of a new table',
      scansPerSecond * USES.upload.writes,
      dynamodb.newTableWritesPerSecond,
      perSecond,
      'start slowly: it doubles what it had within 30 minutes, or warm the table',
    ),
    limit(
      'DynamoDB, writes of the table',
      scansPerSecond * USES.upload.writes,
      dynamodb.tableWritesPerSecond,
      perSecond,
      'ask for more',
    ),
    limit(
      'DynamoDB, writes of a shard of by-state',
      scansPerSecond / INDEX_SHARDS,
      dynamodb.partitionWritesPerSecond,
      perSecond,
      'fewer at once',
    ),
    limit(
      "DynamoDB, writes of a shard of the day's usage",
      scansPerSecond / USAGE_SHARDS,
      dynamodb.partitionWritesPerSecond,
      perSecond,
      'fewer at once; a count that fails is in the log',
    ),
    limit('KMS, requests', scansPerSecond * KMS_REQUESTS_PER_SCAN, kms.requestsPerSecond, perSecond, 'ask for more'),
  ];
};
