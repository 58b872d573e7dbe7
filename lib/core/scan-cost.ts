import type { Architecture, PriceList } from './price-list';

/** How a scan comes: in the body of an API call, or as an object in the bucket. */
export interface ScanCost {
  readonly path: 'api' | 'upload';
  /** Decoding, resizing, forward pass; 0 for a file that was refused. */
  readonly computeMs: number;
  /** Of the image file. */
  readonly bytes: number;
}

/** What the function that classifies runs on. */
export interface FunctionSize {
  /** As Lambda counts them: 1,024 make a GB. */
  readonly memoryMegabytes: number;
  readonly architecture: Architecture;
}

/** Dollars by service. */
export type CostLines = Readonly<
  Record<'compute' | 'requests' | 'apiGateway' | 's3' | 'dynamodb' | 'sqs' | 'logs' | 'kms' | 'events', number>
>;

/**
 * What one scan uses, counted from the code and the constructs. Milliseconds and bytes of logs are estimates: waiting
 * for DynamoDB and S3 (a laptop's API took 13 ms more than the scan itself), an authorizer that looks up a key, one
 * line a function and Lambda's own three, one access log line.
 */
export const USES = {
  api: {
    /** The function's time around the scan. */
    waitMs: 15,
    /** Authorizer of 512 MB and the function. */
    invocations: 2,
    authorizerGbSeconds: 0.5 * 0.01,
    apiRequests: 1,
    s3Puts: 0,
    s3Gets: 0,
    /** Result, its entries in three indexes, usage counter, rate and quota counters. */
    writes: 7,
    /** The key. */
    reads: 1,
    sqsRequests: 0,
    logBytes: 2_600,
  },
  upload: {
    waitMs: 40,
    /** Batches are up to five; one scan each is the dearest case. */
    invocations: 1,
    authorizerGbSeconds: 0,
    apiRequests: 0,
    s3Puts: 1,
    s3Gets: 1,
    /** Result, its entries in four indexes, usage counter. */
    writes: 6,
    /** What stood there before. */
    reads: 1,
    /** Sent by S3, received, deleted. */
    sqsRequests: 3,
    logBytes: 1_500,
  },
} as const;

/** With bucket keys and data keys that services keep for minutes, few requests reach KMS. */
export const KMS_REQUESTS_PER_SCAN = 0.05;
/** One event a result and the function that publishes it, in batches of ten of 512 MB for 30 ms. */
const PUBLISH_GB_SECONDS = (0.5 * 0.03) / 10;
const PUBLISH_REQUESTS = 1 / 10;

export const gbSecondPrice = ({ lambda }: PriceList, architecture: Architecture): number =>
  architecture === 'arm64' ? lambda.arm64GbSecond : lambda.x86_64GbSecond;

/** Dollars for so many ms of the function that classifies. */
export const computeCost = (prices: PriceList, { memoryMegabytes, architecture }: FunctionSize, ms: number): number =>
  (memoryMegabytes / 1024) * (ms / 1000) * gbSecondPrice(prices, architecture);

/** What one warm scan costs at list price, by service; nothing that is paid by the month. */
export const scanCost = (prices: PriceList, size: FunctionSize, { path, computeMs }: ScanCost): CostLines => {
  const uses = USES[path];
  const gbSecond = gbSecondPrice(prices, size.architecture);
  return {
    compute: computeCost(prices, size, computeMs + uses.waitMs) + uses.authorizerGbSeconds * gbSecond,
    requests: uses.invocations * prices.lambda.request,
    apiGateway: uses.apiRequests * prices.apiGateway.restRequest,
    s3: uses.s3Puts * prices.s3.put + uses.s3Gets * prices.s3.get,
    dynamodb: uses.writes * prices.dynamodb.write + uses.reads * prices.dynamodb.read,
    sqs: uses.sqsRequests * prices.sqs.request,
    logs: (uses.logBytes / 1e9) * prices.logs.gbIngested,
    kms: KMS_REQUESTS_PER_SCAN * prices.kms.request,
    events: prices.eventBridge.event + PUBLISH_GB_SECONDS * gbSecond + PUBLISH_REQUESTS * prices.lambda.request,
  };
};

export const sumOf = (lines: Readonly<Record<string, number>>): number =>
  Object.values(lines).reduce((sum, line) => sum + line, 0);

/** What one scan costs in nanodollars, for the usage counters: whole scans cost thousands of them. */
export const createScanCost =
  (prices: PriceList, size: FunctionSize) =>
  (scan: ScanCost): number =>
    Math.round(sumOf(scanCost(prices, size, scan)) * 1e9);
