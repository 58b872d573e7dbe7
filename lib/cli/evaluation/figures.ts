import type { Interval } from '../../core/metrics/bootstrap';

/** A figure as a person reads it; – where it is not defined. */
export const showFigure = (value: number | null, digits = 4): string => (value === null ? '–' : value.toFixed(digits));

export const showInterval = (interval: Interval | null | undefined): string =>
  interval ? `${interval[0].toFixed(4)} to ${interval[1].toFixed(4)}` : '–';

/** A Markdown table with every cell escaped. */
export const markdownTable = (header: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)];
};

const escapeCell = (cell: string | number): string => String(cell).replace(/[\\|]/g, '\\$&').replace(/\s+/g, ' ');
