import { SulcusError } from '../../core/errors';
import type { LabelledScan } from './labelled-scans';

/** `column=value` of a command line. */
export interface Selector {
  readonly column: string;
  readonly value: string;
}

export interface Selection {
  readonly scans: readonly LabelledScan[];
  /**
   * Whether no subject of these scans has scans that were left out, which a model may have been trained on; null when
   * subjects are not known or nothing was left out.
   */
  readonly subjectDisjoint: boolean | null;
  /** Subjects on both sides. */
  readonly sharedSubjects: number;
}

/** @throws INVALID_REQUEST unless the text is `column=value` */
export const parseSelector = (text: string): Selector => {
  const at = text.indexOf('=');
  if (at > 0) return { column: text.slice(0, at), value: text.slice(at + 1) };
  throw new SulcusError('INVALID_REQUEST', `expected column=value to select scans by, received ${text}`);
};

/**
 * The scans that every selector agrees with; several values of one column are alternatives.
 * @throws INVALID_REQUEST when a column is not there or no scan is left
 */
export const selectScans = (scans: readonly LabelledScan[], selectors: readonly Selector[]): Selection => {
  for (const { column } of selectors) {
    if (!scans.some(({ cells }) => column in cells)) {
      throw new SulcusError('INVALID_REQUEST', `expected a column ${column} to select scans by, received none`);
    }
  }
  const columns = new Set(selectors.map(({ column }) => column));
  const values = (wanted: string) => selectors.filter(({ column }) => column === wanted).map(({ value }) => value);
  const isSelected = ({ cells }: LabelledScan): boolean =>
    [...columns].every((column) => values(column).includes(cells[column] ?? ''));
  const selected = scans.filter(isSelected);
  if (selected.length === 0) {
    const asked = selectors.map(({ column, value }) => `${column}=${value}`).join(', ');
    throw new SulcusError('INVALID_REQUEST', `expected scans with ${asked}, received none`);
  }
  const left = new Set(scans.filter((scan) => !isSelected(scan)).map(({ subject }) => subject));
  const own = new Set(selected.map(({ subject }) => subject));
  const known = left.size > 0 && !own.has(null);
  const sharedSubjects = known ? [...own].filter((subject) => left.has(subject)).length : 0;
  return { scans: selected, subjectDisjoint: known ? sharedSubjects === 0 : null, sharedSubjects };
};
