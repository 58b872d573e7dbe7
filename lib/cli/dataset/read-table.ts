import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CsvError, parse } from 'csv-parse/sync';
import { SulcusError } from '../../core/errors';

export interface TableRow {
  /** Line of the file, the header being 1. */
  readonly row: number;
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * A CSV file with a header (RFC 4180, UTF-8 with or without byte order mark), cells trimmed, empty lines left out.
 * @throws INVALID_REQUEST when it cannot be read, lacks one of the `columns`, has none twice or a row of another length
 */
export const readTable = async (file: string, columns: readonly string[]): Promise<TableRow[]> => {
  const name = basename(file);
  let header: string[] = [];
  const records = parseRecords(await readText(file, name), name, (names) => {
    header = names;
  });
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected columns ${columns.join(', ')} in ${name}, received ${header.join(', ') || 'no header'}`,
    );
  }
  return records;
};

const readText = async (file: string, name: string): Promise<string> => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', `expected a readable UTF-8 file for ${name}, received none`, { cause });
  }
};

interface ParsedRecord {
  readonly record: Record<string, string>;
  readonly info: { readonly lines: number };
}

const parseRecords = (text: string, name: string, onHeader: (names: string[]) => void): TableRow[] => {
  try {
    const parsed = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      info: true,
      columns: (names: string[]) => {
        onHeader(names);
        const twice = names.find((column, index) => names.indexOf(column) < index);
        if (twice !== undefined) throw new RangeError(`column ${twice} twice`);
        return names;
      },
    }) as unknown as ParsedRecord[];
    return parsed.map(({ record, info }) => ({ row: info.lines, cells: record }));
  } catch (cause) {
    const { lines, message } = cause as Partial<CsvError> & { readonly lines?: number; readonly message: string };
    const place = lines === undefined ? '' : ` (line ${lines})`;
    throw new SulcusError('INVALID_REQUEST', `expected a CSV table for ${name}, received ${message}${place}`, {
      cause,
    });
  }
};
