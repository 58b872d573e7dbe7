import type { DecisionFigures, ScanFigures } from '../../core/metrics/evaluation';
import { showFigure } from './figures';
import { type Frame, svgAxes, svgDocument, svgLine, svgPath, svgRect, svgText, toX, toY } from './svg';

const BLUE = '#3566a8';
const RED = '#c0392b';
const GREY = '#999';

/** Accuracy and mean score of each bin of scores, over how many scans each bin holds. */
export const reliabilityPlot = ({ reliability, ece }: Pick<ScanFigures, 'reliability' | 'ece'>): string => {
  const frame: Frame = { left: 70, top: 50, side: 360 };
  const counts: Frame = { left: 70, top: 470, side: 90 };
  const most = reliability.reduce((a, { scans }) => Math.max(a, scans), 1);
  const bars = reliability.flatMap(({ from, to, scans, accuracy, score }) => {
    if (accuracy === null || score === null) return [];
    const [x, width] = [toX(frame, from), (to - from) * frame.side];
    const height = (scans / most) * counts.side;
    return [
      svgRect(x, toY(frame, accuracy), width, accuracy * frame.side, BLUE, ' fill-opacity="0.75" stroke="#fff"'),
      // The gap to the mean score is the bin's share of the calibration error.
      svgLine(x, toY(frame, score), x + width, toY(frame, score), RED, ' stroke-width="3"'),
      svgRect(x, counts.top + counts.side - height, width, height, GREY, ' stroke="#fff"'),
    ];
  });
  return svgDocument(470, 620, 'Reliability diagram', [
    svgText(250, 24, `Reliability: ECE ${showFigure(ece)}`, { size: 16 }),
    ...svgAxes(frame, '', 'accuracy (bar), mean score (red)'),
    svgLine(toX(frame, 0), toY(frame, 0), toX(frame, 1), toY(frame, 1), '#333', ' stroke-dasharray="5 4"'),
    ...bars,
    svgText(counts.left - 8, counts.top + 10, String(most), { anchor: 'end' }),
    svgText(counts.left - 40, counts.top + counts.side / 2, 'scans', { size: 13, turned: true }),
    svgRect(counts.left, counts.top, frame.side, counts.side, 'none', ' stroke="#555"'),
    svgText(counts.left + frame.side / 2, counts.top + counts.side + 30, 'score of the predicted label', { size: 13 }),
  ]);
};

/** Accuracy of the surest scans over the share of scans answered; the bundle's own threshold as a dot. */
export const coveragePlot = ({
  coverage,
  riskCoverageArea,
  abstaining,
}: Pick<ScanFigures, 'coverage' | 'riskCoverageArea' | 'abstaining'>): string => {
  const frame: Frame = { left: 70, top: 50, side: 360 };
  const [first, last] = [coverage[0], coverage.at(-1)];
  const points = coverage.map(({ coverage: share, accuracy }) => [toX(frame, share), toY(frame, accuracy)] as const);
  const own =
    abstaining.abstained === 0 || abstaining.accuracy === null
      ? []
      : [
          `<circle cx="${toX(frame, abstaining.coverage).toFixed(2)}" cy="${toY(frame, abstaining.accuracy).toFixed(2)}" r="5" fill="${RED}"/>`,
          svgText(250, 475, "red: the bundle's own threshold", { fill: RED }),
        ];
  return svgDocument(470, 490, 'Coverage and accuracy', [
    svgText(250, 24, `Accuracy of the surest scans: ${showFigure(last?.accuracy ?? null)} of all`, { size: 16 }),
    ...svgAxes(frame, `share of scans answered (risk-coverage area ${showFigure(riskCoverageArea)})`, 'accuracy'),
    ...(first === undefined ? [] : [svgPath(points, BLUE)]),
    ...own,
  ]);
};

const CELL = 84;
const LABEL_WIDTH = 170;
const MOST_CHARACTERS = 22;

const shortLabel = (label: string): string =>
  label.length > MOST_CHARACTERS ? `${label.slice(0, MOST_CHARACTERS - 1)}…` : label;

/** Counts, shaded by the share of the true label. */
export const confusionPlot = (labels: readonly string[], { confusionMatrix }: DecisionFigures): string => {
  const top = 60;
  const cells = confusionMatrix.flatMap((row, y) => {
    const support = row.reduce((a, b) => a + b, 0);
    return row.flatMap((count, x) => {
      const share = support === 0 ? 0 : count / support;
      const [left, upper] = [LABEL_WIDTH + x * CELL, top + y * CELL];
      const fill = share > 0.5 ? '#fff' : '#222';
      return [
        svgRect(left, upper, CELL, CELL, BLUE, ` fill-opacity="${share.toFixed(3)}" stroke="#bbb"`),
        svgText(left + CELL / 2, upper + CELL / 2, String(count), { size: 15, fill }),
        svgText(left + CELL / 2, upper + CELL / 2 + 18, support === 0 ? '' : `${(share * 100).toFixed(1)} %`, {
          size: 11,
          fill,
        }),
      ];
    });
  });
  const side = labels.length * CELL;
  const names = labels.flatMap((label, index) => [
    svgText(LABEL_WIDTH - 8, top + (index + 0.5) * CELL + 4, shortLabel(label), { anchor: 'end' }),
    svgText(LABEL_WIDTH + (index + 0.5) * CELL + 4, top + side + 10, shortLabel(label), {
      anchor: 'end',
      turned: true,
    }),
  ]);
  const height = top + side + LABEL_WIDTH;
  return svgDocument(LABEL_WIDTH + side + 20, height, 'Confusion matrix', [
    svgText(LABEL_WIDTH + side / 2, 24, 'Confusion: true labels in rows,', { size: 15 }),
    svgText(LABEL_WIDTH + side / 2, 44, 'predicted labels in columns', { size: 15 }),
    ...cells,
    ...names,
  ]);
};
