import { breakEven, coldShare, type MonthPlan, monthCost } from '../../lib/core/month-cost';
import { PRICE_LIST, parsePriceList } from '../../lib/core/price-list';
import { createScanCost, scanCost, sumOf } from '../../lib/core/scan-cost';

/** Round prices, so that sums can be done by hand. */
const prices = parsePriceList({
  date: '2026-01-31',
  region: 'nowhere',
  currency: 'USD',
  lambda: { x86_64GbSecond: 1e-5, arm64GbSecond: 8e-6, request: 1e-7 },
  apiGateway: { restRequest: 3e-6 },
  s3: { put: 5e-6, get: 4e-7, gbMonth: 0.02 },
  dynamodb: { write: 1e-6, read: 2e-7, gbMonth: 0.25 },
  sqs: { request: 4e-7 },
  logs: { gbIngested: 0.5 },
  kms: { keyMonth: 1, request: 2e-6 },
  eventBridge: { event: 1e-6 },
  xray: { trace: 5e-6 },
  ecr: { gbMonth: 0.1 },
  secretsManager: { secretMonth: 0.4 },
  stepFunctions: { transition: 2.5e-5, expressRequest: 1e-6, expressGbSecond: 1e-5 },
  cloudTrail: { dataEvent: 1e-6 },
  alwaysOn: [{ name: 'box', hour: 0.1, vcpus: 2, architecture: 'x86_64' }],
  sources: {},
});

const size = { memoryMegabytes: 2048, architecture: 'x86_64' } as const;

const plan = (given: Partial<MonthPlan> = {}): MonthPlan => ({
  path: 'api',
  scans: 1_000_000,
  bytes: 50_000,
  computeMs: 85,
  coldMs: 585,
  packaging: 'image',
  size,
  webhook: false,
  ...given,
});

describe('what a scan costs', () => {
  it('is its time, requests and writes through the API', () => {
    const lines = scanCost(prices, size, { path: 'api', computeMs: 85, bytes: 50_000 });

    // 2 GB for 85 ms and 15 ms of waiting; half a GB for the authorizer's 10 ms.
    expect(lines.compute).toBeCloseTo(2 * 0.1 * 1e-5 + 0.5 * 0.01 * 1e-5, 15);
    expect(lines).toMatchObject({ requests: 2e-7, apiGateway: 3e-6, s3: 0, sqs: 0 });
    expect(lines.dynamodb).toBeCloseTo(7e-6 + 2e-7, 15);
    expect(lines.logs).toBeCloseTo(1.3e-6, 15);
  });

  it('has a bucket and a queue instead of a gateway when the file is uploaded', () => {
    const lines = scanCost(prices, size, { path: 'upload', computeMs: 85, bytes: 50_000 });

    expect(lines).toMatchObject({ apiGateway: 0, requests: 1e-7 });
    expect(lines.s3).toBeCloseTo(5.4e-6, 15);
    expect(lines.sqs).toBeCloseTo(1.2e-6, 15);
  });

  it('is less on arm64, by the price of its time alone', () => {
    const scan = { path: 'upload', computeMs: 85, bytes: 0 } as const;
    const x86 = scanCost(prices, size, scan);
    const arm = scanCost(prices, { ...size, architecture: 'arm64' }, scan);

    expect(arm.compute).toBeCloseTo(x86.compute * 0.8, 15);
    expect({ ...arm, compute: 0, events: 0 }).toEqual({ ...x86, compute: 0, events: 0 });
  });

  it('is whole nanodollars for the counters', () => {
    const scan = { path: 'api', computeMs: 44.8, bytes: 50_000 } as const;
    const nanodollars = createScanCost(PRICE_LIST, { memoryMegabytes: 1769, architecture: 'x86_64' })(scan);

    expect(Number.isInteger(nanodollars)).toBe(true);
    expect(nanodollars / 1e9).toBeCloseTo(
      sumOf(scanCost(PRICE_LIST, { memoryMegabytes: 1769, architecture: 'x86_64' }, scan)),
      9,
    );
  });
});

describe('what a month costs', () => {
  it('is its scans, and what is paid by the month', () => {
    const lines = monthCost(prices, plan());

    expect(lines.apiGateway).toBeCloseTo(3, 10);
    expect(lines.kms).toBeCloseTo(1 + 0.1, 10);
    expect(lines.image).toBeCloseTo(0.035, 10);
    expect(monthCost(prices, plan({ packaging: 'layers' })).image).toBe(0);
  });

  it('keeps uploads for a month, and polls their queue when nothing comes', () => {
    const lines = monthCost(prices, plan({ path: 'upload', scans: 1 }));

    expect(monthCost(prices, plan({ path: 'upload' })).s3Storage).toBeCloseTo(50 * 0.02, 10);
    // 5 polls of 20 s each, for 730 hours.
    expect(lines.sqs).toBeCloseTo(657_000 * 4e-7 + 1.2e-6, 10);
  });

  it('has a queue, a function and a secret more where results are sent to a webhook', () => {
    const of = (scans: number): number => monthCost(prices, plan({ scans, webhook: true })).webhook;

    expect(monthCost(prices, plan()).webhook).toBe(0);
    expect(of(0)).toBeCloseTo(0.4 + 657_000 * 4e-7, 10);
    // Three requests, an invocation, half a GB for 200 ms, a kB of logs.
    expect(of(1_000_000) - of(0)).toBeCloseTo(1.2 + 0.1 + 1 + 0.5, 10);
  });

  it('is cold for nearly all of few scans and for none of many', () => {
    expect(coldShare(1)).toBeGreaterThan(0.999);
    expect(coldShare(1_000)).toBeCloseTo(Math.exp(-(1_000 * 600) / (730 * 3_600)), 10);
    expect(coldShare(1_000_000)).toBeLessThan(1e-9);
    // 500 ms more than a warm one, at 2 GB.
    expect(monthCost(prices, plan({ scans: 1 })).coldStarts).toBeCloseTo(2 * 0.5 * 1e-5, 8);
  });

  it('traces the first request of a second and a twentieth of the others', () => {
    const few = monthCost(prices, plan({ scans: 1_000 })).tracing;
    const many = monthCost(prices, plan({ scans: 1e10 })).tracing;

    expect(few / (1_000 * 5e-6)).toBeGreaterThan(0.999);
    expect(many / (1e10 * 5e-6)).toBeGreaterThan(0.05);
    expect(many / (1e10 * 5e-6)).toBeLessThan(0.051);
  });

  it('equals the price of an always-on box where the two break even', () => {
    const [box] = breakEven(prices, plan());

    expect(box?.dollarsPerMonth).toBeCloseTo(73, 10);
    const scans = box?.scans ?? Number.NaN;
    expect(sumOf(monthCost(prices, plan({ scans })))).toBeGreaterThanOrEqual(73);
    expect(sumOf(monthCost(prices, plan({ scans: scans - 1 })))).toBeLessThan(73);
    expect(box?.capacity).toBe(Math.floor((2 * 730 * 3_600 * 1000) / 85));
  });

  it('breaks even nowhere when the box cannot do so many', () => {
    // On a function of the smallest size, the box of 2 vCPU would be the dearer way to do 5 minutes' work.
    const slow = plan({ computeMs: 300_000, size: { memoryMegabytes: 128, architecture: 'x86_64' } });

    expect(breakEven(prices, slow)[0]?.scans).toBeNull();
  });
});

describe('a price list', () => {
  it('names what it lacks', () => {
    expect(() => parsePriceList({ date: '2026-01-31' })).toThrow(/lambda/);
  });

  it('is committed with its date, region and a source for every service', () => {
    const { sources, date, region, currency, ...services } = PRICE_LIST;

    expect(Object.keys(sources).sort()).toEqual(Object.keys(services).sort());
  });
});
