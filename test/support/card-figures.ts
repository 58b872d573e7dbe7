/** A number as a card prints it: `4,896`, `0.625`, `95%`, `1.8e-5`; not one that is part of a name or a version. */
const FIGURE = /^-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?%?$/;

/** Numbers in a text that stand for themselves. */
export const figuresIn = (text: string): string[] =>
  text
    .replace(/(\d) %/g, '$1%')
    .split(/[\s|()[\]"`;]+/)
    .map((token) => token.replace(/[.,:]+$/, ''))
    .filter((token) => FIGURE.test(token));

const numberOf = (figure: string): number => {
  const value = Number(figure.replace(/[,%]/g, ''));
  return figure.endsWith('%') ? value / 100 : value;
};

/** Every number in a JSON value: its own, and those that its texts mention. */
const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  if (typeof value === 'string') return figuresIn(value).map(numberOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
};

/** The figures of a text that none of the sources has: neither exactly nor rounded to three or four digits. */
export const unknownFigures = (text: string, sources: readonly unknown[]): string[] => {
  const known = new Set<number>();
  for (const number of sources.flatMap(numbersIn)) {
    for (const digits of [3, 4]) known.add(Number(number.toFixed(digits)));
    known.add(number);
  }
  return [...new Set(figuresIn(text).filter((figure) => !known.has(numberOf(figure))))];
};
