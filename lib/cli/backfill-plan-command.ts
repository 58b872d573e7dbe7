import {
  type BackfillCost,
  type BackfillWork,
  backfillCost,
  backfillLimits,
  backfillRates,
} from '../core/backfill-plan';
import { SulcusError } from '../core/errors';
import { PRICE_LIST } from '../core/price-list';
import { QUOTA_LIST } from '../core/quota-list';
import { sumOf } from '../core/scan-cost';
import { BACKFILL, LAMBDA_MEGABYTES_PER_VCPU } from '../topology';
import { EXIT } from './exit-codes';
import { DEFAULT_MEASURED, type Measured, type MeasuredScan, readMeasured } from './measured-scan';
import { type Output, renderTable } from './output';

export interface BackfillPlanOptions {
  readonly scans: number;
  /** Batches at once, each a column. */
  readonly concurrency?: readonly number[];
  readonly measured?: string;
  readonly model?: string;
  readonly json?: boolean;
}

const LABELS: Readonly<Record<keyof BackfillCost, string>> = {
  compute: 'Lambda, time',
  coldStarts: 'Lambda, cold starts',
  requests: 'Lambda, requests',
  stepFunctions: 'Step Functions',
  s3: 'S3, listing, HEAD and GET',
  dynamodb: 'DynamoDB, reads and writes',
  tableMonth: 'DynamoDB, these results for a month',
  logs: 'logs',
  kms: 'KMS',
  events: 'EventBridge',
  auditTrail: 'audit trail',
  tracing: 'X-Ray',
};

const DEFAULT_CONCURRENCY: readonly number[] = [BACKFILL.concurrency, 500, 5000];

/** `sulcus backfill-plan`: time, cost and limits of a backfill on AWS. @throws INVALID_REQUEST for a file or model it cannot use */
export const backfillPlanCommand = async (options: BackfillPlanOptions, output: Output): Promise<number> => {
  const measured = await readMeasured(options.measured ?? DEFAULT_MEASURED);
  const scan = pick(measured, options.model ?? 'ViT-S/16');
  const plans = (options.concurrency ?? DEFAULT_CONCURRENCY).map((concurrency) => {
    const work: BackfillWork = {
      scans: options.scans,
      concurrency,
      computeMs: scan.computeMs,
      coldMs: scan.coldMs,
      size: { memoryMegabytes: LAMBDA_MEGABYTES_PER_VCPU, architecture: 'x86_64' },
    };
    const cost = backfillCost(PRICE_LIST, work);
    return {
      concurrency,
      rates: backfillRates(work),
      cost,
      total: sumOf(cost),
      limits: backfillLimits(QUOTA_LIST, work),
    };
  });
  if (options.json) {
    const { date, region } = PRICE_LIST;
    const facts = { prices: { date, region }, quotas: { date: QUOTA_LIST.date }, machine: measured.machine, scan };
    output.line(JSON.stringify({ ...facts, scans: options.scans, batchItems: BACKFILL.batchItems, plans }));
    return EXIT.ok;
  }
  for (const line of render(options.scans, measured, scan, plans)) output.line(line);
  return EXIT.ok;
};

const pick = ({ scans }: Measured, model: string): MeasuredScan => {
  const scan = scans.upload.find((candidate) => candidate.model === model);
  if (scan !== undefined) return scan;
  const known = scans.upload.map((candidate) => candidate.model).join(', ');
  throw new SulcusError('INVALID_REQUEST', `expected one of ${known} for --model, received ${model}`);
};

interface Plan {
  readonly concurrency: number;
  readonly rates: ReturnType<typeof backfillRates>;
  readonly cost: BackfillCost;
  readonly total: number;
  readonly limits: ReturnType<typeof backfillLimits>;
}

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
/** Rates of less than ten would round to nothing. */
const rate = (value: number): string => number(value, value < 10 ? 1 : 0);

const duration = (hours: number): string =>
  hours >= 48 ? `${number(hours / 24, 1)} days` : hours >= 1 ? `${number(hours, 1)} h` : `${number(hours * 60, 1)} min`;

const render = (
  scans: number,
  { machine }: Measured,
  { model, computeMs }: MeasuredScan,
  plans: readonly Plan[],
): string[] => {
  const cells = (cell: (plan: Plan) => string): string[] => plans.map(cell);
  const time = [
    ['batches at once', ...cells(({ concurrency }) => number(concurrency))],
    ['scans a second', ...cells(({ rates }) => rate(rates.scansPerSecond))],
    ['time', ...cells(({ rates }) => duration(rates.hours))],
  ];
  const cost = (Object.keys(LABELS) as (keyof BackfillCost)[]).map((name) => [
    LABELS[name],
    ...cells((plan) => number(plan.cost[name], 2)),
  ]);
  const limits = (plans[0]?.limits ?? []).map(({ name, quota, unit, otherwise }, index) => [
    name,
    ...cells((plan) => {
      const used = plan.limits[index]?.used ?? 0;
      return `${rate(used)}${used > quota ? ' (over)' : ''}`;
    }),
    `${number(quota)} ${unit}`,
    plans.some((plan) => (plan.limits[index]?.used ?? 0) > quota) ? otherwise : '',
  ]);
  return [
    `${number(scans)} scans, ${model}, ${computeMs.toFixed(1)} ms each on ${machine}; one vCPU a function, ${BACKFILL.batchItems} scans a batch.`,
    '',
    ...renderTable(time),
    '',
    `US dollars at the list prices of ${PRICE_LIST.date} (${PRICE_LIST.region}), no free tier`,
    ...renderTable([
      ...cost,
      ['all', ...cells(({ total }) => number(total, 2))],
      ['all, per million scans', ...cells(({ total }) => number((total / scans) * 1e6, 2))],
    ]),
    '',
    `Default quotas, looked up ${QUOTA_LIST.date}`,
    ...renderTable(limits),
  ];
};
