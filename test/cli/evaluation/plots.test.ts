import { markdownTable, showFigure } from '../../../lib/cli/evaluation/figures';
import { confusionPlot, coveragePlot, reliabilityPlot } from '../../../lib/cli/evaluation/plots';
import { evaluateScans } from '../../../lib/core/metrics/evaluation';
import type { ScoredScan } from '../../../lib/core/metrics/scored-scan';

const scan = (truth: number, score: number): ScoredScan => ({
  truth,
  scores: [score, 1 - score],
  logits: [Math.log(score), Math.log(1 - score)],
  subject: null,
  abstainReason: score < 0.6 ? 'low_confidence' : null,
});
const options = { activation: 'softmax', contrast: null, replicates: 0, seed: 1 } as const;
const figures = evaluateScans([scan(0, 0.9), scan(0, 0.8), scan(1, 0.7), scan(1, 0.55)], {
  ...options,
  labels: ['a', 'b'],
});

/** Every element closed, nothing that XML would read otherwise: enough to see that text was escaped. */
const requireWellFormed = (svg: string): void => {
  const open: string[] = [];
  for (const [, close, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!selfClosing) open.push(name as string);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
};

test('plots are whole SVG files whose marks stand where the figures say', () => {
  for (const svg of [reliabilityPlot(figures), coveragePlot(figures), confusionPlot(['a', 'b'], figures)]) {
    requireWellFormed(svg);
  }
  // The frame is 360 px wide from x = 70 and 410 px down: all scans answered, half of them right.
  expect(coveragePlot(figures)).toMatch(/points="[^"]* 430,230"/);
  expect(coveragePlot(figures)).toContain('<circle cx="340.00"');
  // The mean score of the bin of 0.9 is the red line at its height.
  expect(reliabilityPlot(figures)).toContain(`y1="${410 - 0.9 * 360}"`);
});

test('labels are escaped and shortened', () => {
  const label = '<script>&"a very long name of a label';

  const svg = confusionPlot([label, 'b'], figures);

  requireWellFormed(svg);
  expect(svg).toContain('&#60;script&#62;&#38;&#34;a very lon');
  expect(svg).not.toContain('label</text>');
});

test('plots of a set whose figures are not defined hold no NaN', () => {
  const single = evaluateScans([scan(1, 0.55)], { ...options, labels: ['a', 'b'] });

  for (const svg of [reliabilityPlot(single), coveragePlot(single), confusionPlot(['a', 'b'], single)]) {
    requireWellFormed(svg);
  }
});

test('a table escapes what Markdown would read as its own', () => {
  expect(markdownTable(['x|y'], [['a\\b\nc']])).toEqual(['| x\\|y |', '|---|', '| a\\\\b c |']);
  expect(showFigure(null)).toBe('–');
});
