import { SulcusError } from '../core/errors';
import { type BreakEven, breakEven, coldShare, type MonthLines, type MonthPlan, monthCost } from '../core/month-cost';
import { type Architecture, PRICE_LIST } from '../core/price-list';
import { computeCost, type ScanCost, sumOf } from '../core/scan-cost';
import { LAMBDA_MEGABYTES_PER_VCPU, LIMITS } from '../topology';
import { EXIT } from './exit-codes';
import { DEFAULT_MEASURED, type Measured, type MeasuredScan, readMeasured } from './measured-scan';
import type { Output } from './output';
import { renderTable } from './output';

export interface CostOptions {
  readonly scansPerMonth: number;
  /** Of an image file, in MB of a million bytes. */
  readonly size: number;
  readonly measured?: string;
  readonly model?: string;
  /** Whether every result is sent to a webhook. */
  readonly webhook?: boolean;
  readonly json?: boolean;
}

interface Variant {
  readonly architecture: Architecture;
  readonly packaging: 'image' | 'layers';
}

const VARIANTS: readonly Variant[] = [
  { architecture: 'x86_64', packaging: 'image' },
  { architecture: 'x86_64', packaging: 'layers' },
  { architecture: 'arm64', packaging: 'image' },
  { architecture: 'arm64', packaging: 'layers' },
];

const LABELS: Readonly<Record<keyof MonthLines, string>> = {
  compute: 'Lambda, time',
  coldStarts: 'Lambda, cold starts',
  requests: 'Lambda, requests',
  apiGateway: 'API Gateway',
  s3: 'S3, requests',
  s3Storage: 'S3, these scans for a month',
  dynamodb: 'DynamoDB, reads and writes',
  tableStorage: 'DynamoDB, these results for a month',
  sqs: 'SQS',
  logs: 'logs',
  tracing: 'X-Ray',
  kms: 'KMS, one key',
  image: 'ECR, the image',
  events: 'EventBridge',
  webhook: 'webhook: queue, sending, secret',
};
const LINES = Object.keys(LABELS) as (keyof MonthLines)[];

/** What the project promises of compute at list price, by model. */
const TARGETS: Readonly<Record<string, number>> = { 'ViT-S/16': 3, 'ViT-B/16': 10 };

interface Section {
  readonly path: ScanCost['path'];
  readonly scan: MeasuredScan;
  readonly months: readonly (Variant & { readonly lines: MonthLines; readonly total: number })[];
  readonly breakEven: readonly BreakEven[];
}

/** `sulcus cost`: what a month of scans costs at list price. @throws INVALID_REQUEST for a file or model it cannot use */
export const costCommand = async (options: CostOptions, output: Output): Promise<number> => {
  const measured = await readMeasured(options.measured ?? DEFAULT_MEASURED);
  const bytes = options.size * 1e6;
  const paths: ScanCost['path'][] = bytes > LIMITS.apiImageBytes ? ['upload'] : ['api', 'upload'];
  const sections = paths.map((path) => sectionOf(path, options, measured));
  if (options.json) {
    const { date, region } = PRICE_LIST;
    const { scansPerMonth, size } = options;
    output.line(JSON.stringify({ prices: { date, region }, machine: measured.machine, scansPerMonth, size, sections }));
    return EXIT.ok;
  }
  for (const line of heading(options, measured)) output.line(line);
  for (const section of sections) for (const line of render(section, options.scansPerMonth)) output.line(line);
  for (const line of renderTargets(measured)) output.line(line);
  return EXIT.ok;
};

const pick = (scans: readonly MeasuredScan[], model: string | undefined): MeasuredScan => {
  const wanted = model ?? (scans.some((scan) => scan.model === 'ViT-S/16') ? 'ViT-S/16' : scans[0]?.model);
  const scan = scans.find((candidate) => candidate.model === wanted);
  if (scan !== undefined) return scan;
  const known = scans.map((candidate) => candidate.model).join(', ');
  throw new SulcusError('INVALID_REQUEST', `expected one of ${known} for --model, received ${model}`);
};

const sectionOf = (
  path: ScanCost['path'],
  { scansPerMonth, size, model, webhook = false }: CostOptions,
  measured: Measured,
): Section => {
  const scan = pick(measured.scans[path], model);
  const planOf = ({ architecture, packaging }: Variant): MonthPlan => ({
    path,
    scans: scansPerMonth,
    bytes: size * 1e6,
    computeMs: scan.computeMs,
    coldMs: scan.coldMs,
    packaging,
    size: { memoryMegabytes: LAMBDA_MEGABYTES_PER_VCPU, architecture },
    webhook,
  });
  const months = VARIANTS.map((variant) => {
    const lines = monthCost(PRICE_LIST, planOf(variant));
    return { ...variant, lines, total: sumOf(lines) };
  });
  return {
    path,
    scan,
    months,
    breakEven: breakEven(PRICE_LIST, planOf({ architecture: 'x86_64', packaging: 'image' })),
  };
};

/** Thousands apart, so that 10 million is seen at once. */
const count = (value: number): string => value.toLocaleString('en-US');
const dollars = (value: number, digits = 2): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const heading = ({ scansPerMonth, size }: CostOptions, { machine }: Measured): string[] => [
  `${count(scansPerMonth)} scans a month of ${size} MB, in US dollars at the list prices of ${PRICE_LIST.date} ` +
    `(${PRICE_LIST.region}), no free tier.`,
  `Times measured on ${machine}; one vCPU (${LAMBDA_MEGABYTES_PER_VCPU} MB).`,
  'arm64: the same times, which nobody measured; the stacks deploy x86_64.',
];

const NAMES = { api: 'Through the API (POST /v1/classify)', upload: 'By upload into the bucket' } as const;

const render = ({ path, scan, months, breakEven }: Section, scansPerMonth: number): string[] => {
  // A thousand scans cost tenths of a cent.
  const digits = months.some(({ total }) => total > 10) ? 2 : 4;
  const used = LINES.filter((name) => months.some(({ lines }) => lines[name] > 0));
  const rows = [
    ['a month', ...months.map(({ architecture, packaging }) => `${architecture} ${packaging}`)],
    ...used.map((name) => [LABELS[name], ...months.map(({ lines }) => dollars(lines[name], digits))]),
    ['all', ...months.map(({ total }) => dollars(total, digits))],
    ['all, per million scans', ...months.map(({ total }) => dollars((total / scansPerMonth) * 1e6))],
  ];
  const cold = (coldShare(scansPerMonth) * 100).toFixed(1);
  return [
    '',
    `${NAMES[path]}, ${scan.model}: ${scan.computeMs.toFixed(1)} ms a scan, ${cold} % of them cold at ${scan.coldMs.toFixed(0)} ms`,
    '',
    ...renderTable(rows),
    ...breakEven.map(renderBreakEven),
  ];
};

const renderBreakEven = ({ name, dollarsPerMonth, scans, capacity }: BreakEven): string =>
  `${name}, $${dollars(dollarsPerMonth)} a month always on, at most ${count(capacity)} scans: ` +
  (scans === null ? 'never cheaper' : `cheaper from ${count(scans)} scans a month`);

const renderTargets = ({ scans }: Measured): string[] => {
  const size = { memoryMegabytes: LAMBDA_MEGABYTES_PER_VCPU, architecture: 'x86_64' } as const;
  const rows = (['api', 'upload'] as const).flatMap((path) =>
    scans[path].map(({ model, computeMs }) => {
      const million = computeCost(PRICE_LIST, size, computeMs) * 1e6;
      const target = TARGETS[model];
      const met = target === undefined ? '-' : million <= target ? 'yes' : 'no';
      return [model, path, computeMs.toFixed(1), dollars(million), target === undefined ? '-' : `${target}`, met];
    }),
  );
  return ['', ...renderTable([['compute of a million scans', 'by', 'ms', '$', 'target $', 'met'], ...rows])];
};
