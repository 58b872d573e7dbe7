import type { CoveragePoint } from '../../core/metrics/coverage-curve';
import type { Contrast, DecisionFigures, PeopleFigures, ScanFigures } from '../../core/metrics/evaluation';
import { markdownTable, showFigure, showInterval } from './figures';
import type { EvaluationReport } from './report';

/** The report as lines of Markdown. */
export const renderMarkdown = (report: EvaluationReport): string[] => [
  `# ${report.model.name} ${report.model.version} on ${describeSet(report)}`,
  '',
  report.notice,
  '',
  ...describeData(report),
  '',
  '## Scans',
  '',
  ...scanTable(report),
  '',
  ...classTable(report),
  '',
  ...matrixTable(report.model.labels, report),
  ...(report.people === null ? [] : peopleSection(report.model.labels, report.people, report.contrast)),
  '',
  '## Abstaining',
  '',
  ...abstainingSection(report),
  '',
  '## What the figures are',
  '',
  ...Object.entries(report.definitions).map(([name, meaning]) => `- ${name}: ${meaning}`),
];

const describeSet = ({ data }: EvaluationReport): string =>
  data.selected.length === 0 ? 'a labelled set' : data.selected.join(', ');

const describeData = ({ model, data, bootstrap }: EvaluationReport): string[] => {
  const failed = data.failed.map(
    ({ position, row, code }) => `${row === null ? `scan ${position}` : `row ${row}`} ${code}`,
  );
  return [
    `- model: ${model.digest} (${model.quantization})`,
    `- scans: ${data.evaluated} evaluated, ${data.failed.length} failed${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`,
    ...(data.source === 'logits' ? ['- of logits as the bundle would serve them, without its input gate'] : []),
    `- per label: ${Object.entries(data.perLabel)
      .map(([label, count]) => `${label} ${count}`)
      .join(', ')}`,
    `- subjects: ${data.subjects ?? 'not known'}${describeDisjoint(data)}`,
    `- intervals: ${bootstrap.replicates} replicates by ${bootstrap.by}, seed ${bootstrap.seed}`,
  ];
};

const describeDisjoint = ({ subjectDisjoint, sharedSubjects, subjects }: EvaluationReport['data']): string => {
  if (subjectDisjoint === null) return '';
  return subjectDisjoint
    ? '; none has scans outside of this subset (subject-disjoint)'
    : `; ${sharedSubjects} of ${subjects} also have scans outside of this subset (not subject-disjoint)`;
};

const estimateRows = (figures: DecisionFigures, rows: readonly [string, string, number | null][]): string[] =>
  markdownTable(
    ['figure', 'value', '95 % interval'],
    rows.map(([title, name, value]) => [title, showFigure(value), showInterval(figures.intervals[name])]),
  );

const contrastRow = (figures: DecisionFigures, contrast: Contrast | null): [string, string, number | null][] =>
  contrast === null
    ? []
    : [
        [
          `AUC, ${contrast.positive.join(' or ')} against ${contrast.negative.join(' or ')}`,
          'contrastAuc',
          figures.contrastAuc,
        ],
      ];

const scanTable = (report: EvaluationReport): string[] => {
  const { accuracy, loss, calibratedLoss, macroF1, macroAuc, ece, brier, contrast }: EvaluationReport = report;
  return estimateRows(report, [
    ['accuracy', 'accuracy', accuracy],
    ['loss (plain logits, as the Trainer)', 'loss', loss],
    ['loss of the scores served', 'calibratedLoss', calibratedLoss],
    ['macro-F1', 'macroF1', macroF1],
    ['AUC, mean of one-vs-rest', 'macroAuc', macroAuc],
    ...contrastRow(report, contrast),
    ['ECE, 15 bins', 'ece', ece],
    ['Brier', 'brier', brier],
  ]);
};

const classTable = ({ perClass }: DecisionFigures): string[] =>
  markdownTable(
    ['label', 'n', 'predicted', 'precision', 'recall', 'F1', 'AUC'],
    perClass.map(({ label, support, predicted, precision, recall, f1, auc }) => [
      label,
      support,
      predicted,
      ...[precision, recall, f1, auc].map((value) => showFigure(value)),
    ]),
  );

const matrixTable = (labels: readonly string[], { confusionMatrix }: DecisionFigures): string[] =>
  markdownTable(
    ['true / predicted', ...labels],
    confusionMatrix.map((row, index) => [labels[index] ?? '', ...row]),
  );

const peopleSection = (labels: readonly string[], people: PeopleFigures, contrast: Contrast | null): string[] => {
  const { accuracy, macroF1, macroAuc, severalLabels } = people;
  const unsure =
    severalLabels > 0 ? `; ${severalLabels} with scans of several labels, the most frequent one counts` : '';
  return [
    '',
    '## People',
    '',
    `${people.count} people, each by the mean of the scores of its scans${unsure}.`,
    '',
    ...estimateRows(people, [
      ['accuracy', 'accuracy', accuracy],
      ['macro-F1', 'macroF1', macroF1],
      ['AUC, mean of one-vs-rest', 'macroAuc', macroAuc],
      ...contrastRow(people, contrast),
    ]),
    '',
    ...classTable(people),
    '',
    ...matrixTable(labels, people),
  ];
};

const SHOWN_COVERAGES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

const abstainingSection = ({ coverage, riskCoverageArea, abstaining }: ScanFigures): string[] => {
  const { abstained, reasons, accuracy } = abstaining;
  const why = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  const own =
    abstained === 0
      ? "The bundle's own threshold: no scan abstained."
      : `The bundle's own threshold: ${abstained} abstained (${why.join(', ')}), ` +
        `${showFigure(abstaining.coverage)} answered, ${showFigure(accuracy)} of those right.`;
  const points = SHOWN_COVERAGES.flatMap((share) => coverage.find((point) => point.coverage >= share - 1e-9) ?? []);
  return [
    own,
    '',
    `Answering only the surest scans (area under the risk-coverage curve ${showFigure(riskCoverageArea)}):`,
    '',
    ...markdownTable(
      ['coverage', 'scans', 'score at least', 'accuracy'],
      [...new Set(points)].map((point: CoveragePoint) => [
        showFigure(point.coverage, 3),
        point.scans,
        showFigure(point.threshold),
        showFigure(point.accuracy),
      ]),
    ),
  ];
};
