import { CONTENDER_NAMES, type ContenderId } from './contenders';

export interface Stats {
  readonly p50: number;
  readonly min: number;
  readonly samples: number;
}

export const statsOf = (values: readonly number[]): Stats => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { p50: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), samples: sorted.length };
};

/** One line of the table; what could not be measured is absent. */
export interface Row {
  readonly model: string;
  readonly threads: number;
  readonly contender: ContenderId;
  readonly skipped?: string;
  readonly session?: Stats;
  readonly image?: Stats;
  readonly cold?: Stats;
  readonly peakMegabytes?: number;
  readonly coldPeakMegabytes?: number;
  readonly fileMegabytes?: number;
  readonly sessionError?: number;
  readonly imageError?: number;
}

export interface Target {
  readonly what: string;
  readonly contender: ContenderId;
  readonly limit: number;
  readonly measured: number | undefined;
  /** Undefined when what it needs was not measured. */
  readonly met: boolean | undefined;
}

const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;

const rival = (rows: readonly Row[], { model, threads }: Row, contender: ContenderId): Row | undefined =>
  rows.find((row) => row.model === model && row.threads === threads && row.contender === contender);

const number = (value: number | undefined, digits: number): string =>
  value === undefined ? '-' : value.toFixed(digits);
const withMin = (stats: Stats | undefined): string =>
  stats === undefined ? '-' : `${stats.p50.toFixed(1)} (${stats.min.toFixed(1)})`;
const error = (value: number | undefined): string => (value === undefined ? '-' : value.toPrecision(2));

const HEAD = [
  'model',
  'threads',
  'contender',
  'session ms',
  'JPEG to scores ms',
  'cold start ms',
  'peak RSS MB',
  'file MB',
  'logit error: session',
  'JPEG',
  'JPEG / q8',
  'cold / q8',
  'session / OpenVINO',
];

const cells = (row: Row, rows: readonly Row[]): string[] => {
  const start = [row.model, String(row.threads), CONTENDER_NAMES[row.contender]];
  if (row.skipped !== undefined) return [...start, `skipped: ${row.skipped}`, ...HEAD.slice(4).map(() => '-')];
  const q8 = rival(rows, row, 'transformers-q8');
  const openvino = rival(rows, row, 'openvino-int8');
  return [
    ...start,
    withMin(row.session),
    withMin(row.image),
    withMin(row.cold),
    number(row.peakMegabytes, 0),
    number(row.fileMegabytes, 1),
    error(row.sessionError),
    error(row.imageError),
    number(ratio(row.image?.p50, q8?.image?.p50), 3),
    number(ratio(row.cold?.p50, q8?.cold?.p50), 3),
    number(ratio(row.session?.p50, openvino?.session?.p50), 3),
  ];
};

/** Markdown, padded so that it can be read in a terminal. */
export const renderTable = (table: readonly (readonly string[])[]): string[] => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const lines = table.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines;
};

export const renderRows = (rows: readonly Row[]): string[] =>
  renderTable([HEAD, ...rows.map((row) => cells(row, rows))]);

/** What this project promises, of ViT-B/16 (or of a given checkpoint), JPEG in, scores out, one thread. */
export const evaluateTargets = (rows: readonly Row[], model: string): Target[] => {
  const ours = rows.filter((row) => row.model === model && row.threads === 1 && row.contender.startsWith('sulcus'));
  return ours.flatMap((row): Target[] => {
    const q8 = rival(rows, row, 'transformers-q8');
    const openvino = rival(rows, row, 'openvino-int8');
    const target = (what: string, limit: number, measured: number | undefined): Target => ({
      what,
      contender: row.contender,
      limit,
      measured,
      met: measured === undefined ? undefined : measured <= limit,
    });
    return [
      target('JPEG to scores, warm, as a share of transformers.js q8', 0.4, ratio(row.image?.p50, q8?.image?.p50)),
      target('cold start, as a share of transformers.js q8', 0.3, ratio(row.cold?.p50, q8?.cold?.p50)),
      target('peak RSS in MB', 240, row.peakMegabytes),
      target('session alone, as a share of OpenVINO int8', 0.95, ratio(row.session?.p50, openvino?.session?.p50)),
    ];
  });
};

export const renderTargets = (targets: readonly Target[]): string[] =>
  renderTable([
    ['target', 'contender', 'limit', 'measured', 'met'],
    ...targets.map(({ what, contender, limit, measured, met }) => [
      what,
      CONTENDER_NAMES[contender],
      String(limit),
      measured === undefined ? '-' : measured.toPrecision(3),
      met === undefined ? 'not measured' : met ? 'yes' : 'no',
    ]),
  ]);
