/** The little of SVG that plots are made of. Coordinates are pixels, y downwards. */

export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const round = (value: number): string => String(Math.round(value * 100) / 100);

export const svgText = (
  x: number,
  y: number,
  text: string,
  { size = 12, anchor = 'middle', fill = '#222', turned = false } = {},
): string =>
  `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"` +
  `${turned ? ` transform="rotate(-90 ${round(x)} ${round(y)})"` : ''}>${escapeText(text)}</text>`;

export const svgLine = (x1: number, y1: number, x2: number, y2: number, stroke: string, rest = ''): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}"${rest}/>`;

export const svgRect = (x: number, y: number, width: number, height: number, fill: string, rest = ''): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${rest}/>`;

export const svgPath = (points: readonly (readonly [number, number])[], stroke: string): string =>
  `<polyline points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"/>`;

/** A whole file, white underneath so that it reads on any page. */
export const svgDocument = (width: number, height: number, title: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
  `font-family="Helvetica, Arial, sans-serif" role="img">\n<title>${escapeText(title)}</title>\n` +
  `${[svgRect(0, 0, width, height, '#fff'), ...parts].join('\n')}\n</svg>\n`;

/** Where the unit square lies in a plot. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

export const toX = ({ left, side }: Frame, share: number): number => left + share * side;
export const toY = ({ top, side }: Frame, share: number): number => top + (1 - share) * side;

const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Axes from 0 to 1 with grid and titles. */
export const svgAxes = (frame: Frame, xTitle: string, yTitle: string): string[] => {
  const { left, top, side } = frame;
  return [
    ...TICKS.flatMap((tick) => [
      svgLine(left, toY(frame, tick), left + side, toY(frame, tick), '#e3e3e3'),
      svgLine(toX(frame, tick), top, toX(frame, tick), top + side, '#e3e3e3'),
      svgText(left - 8, toY(frame, tick) + 4, tick.toFixed(1), { anchor: 'end' }),
      svgText(toX(frame, tick), top + side + 18, tick.toFixed(1)),
    ]),
    svgRect(left, top, side, side, 'none', ' stroke="#555"'),
    svgText(left + side / 2, top + side + 38, xTitle, { size: 13 }),
    svgText(left - 40, top + side / 2, yTitle, { size: 13, turned: true }),
  ];
};
