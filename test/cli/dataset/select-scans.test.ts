import type { LabelledScan } from '../../../lib/cli/dataset/labelled-scans';
import { parseSelector, selectScans } from '../../../lib/cli/dataset/select-scans';

const scan = (position: number, subject: string | null, cells: Record<string, string>): LabelledScan => ({
  position,
  row: position + 1,
  file: `${position}.png`,
  label: 'a',
  subject,
  cells,
});
const scans = [
  scan(1, 'p', { use: 'train', fold: '0' }),
  scan(2, 'p', { use: 'test', fold: '0' }),
  scan(3, 'q', { use: 'test', fold: '1' }),
  scan(4, 'r', { use: 'val', fold: '1' }),
];
const select = (...texts: string[]) => selectScans(scans, texts.map(parseSelector));
const positions = (selection: ReturnType<typeof select>) => selection.scans.map(({ position }) => position);

test('values of one column are alternatives, columns must all agree', () => {
  expect(positions(select('use=test', 'use=val'))).toEqual([2, 3, 4]);
  expect(positions(select('use=test', 'fold=1'))).toEqual([3]);
  expect(positions(select())).toEqual([1, 2, 3, 4]);
});

test('says whether a subject of the subset has scans outside of it', () => {
  expect(select('use=test')).toMatchObject({ subjectDisjoint: false, sharedSubjects: 1 });
  expect(select('fold=1')).toMatchObject({ subjectDisjoint: true, sharedSubjects: 0 });
  expect(select()).toMatchObject({ subjectDisjoint: null, sharedSubjects: 0 });
});

test('cannot say so where subjects are not known', () => {
  const nameless = scans.map((own) => ({ ...own, subject: null }));

  expect(selectScans(nameless, [parseSelector('use=test')]).subjectDisjoint).toBeNull();
});

test('a value may hold an equals sign; a selector without one, a column or scans that are not there are refused', () => {
  expect(parseSelector('a=b=c')).toEqual({ column: 'a', value: 'b=c' });
  expect(() => parseSelector('use')).toThrow('expected column=value to select scans by, received use');
  expect(() => parseSelector('=x')).toThrow('expected column=value');
  expect(() => select('gone=1')).toThrow('expected a column gone to select scans by, received none');
  expect(() => select('use=other')).toThrow('expected scans with use=other, received none');
});
