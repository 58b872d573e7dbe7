import type { Evaluation } from '../../core/model-card';
import type { Epoch, RunRecord } from './run-record';

const NONE = '–';

/** Rounded, without trailing zeros. */
export const showFigure = (value: number | null | undefined, digits = 3): string =>
  value === null || value === undefined ? NONE : String(Number(value.toFixed(digits)));

export const showCount = (count: number | null): string => (count === null ? NONE : count.toLocaleString('en-US'));

/** Markdown. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
};

/** `0.625 (0.431 to 0.804)`; without the interval where none was reported. */
const withInterval = ({ figures }: Evaluation, name: string): string => {
  const { value, low, high } = figures[name] ?? { value: null, low: null, high: null };
  const shown = showFigure(value, value !== null && low === null ? 4 : 3);
  return low === null || high === null ? shown : `${shown} (${showFigure(low)} to ${showFigure(high)})`;
};

const rowsOf = (evaluations: readonly Evaluation[], columns: readonly string[]): string[][] =>
  evaluations.map((evaluation) => [
    evaluation.title,
    showCount(evaluation.n),
    showCount(evaluation.people),
    ...columns.map((name) => withInterval(evaluation, name)),
  ]);

const by = (protocol: Evaluation['protocol'], evaluations: readonly Evaluation[]): Evaluation[] =>
  evaluations.filter((evaluation) => evaluation.protocol === protocol);

/** A row a model, both protocols beside each other: what a random split promises, and what a new person gets. */
export const bothProtocolsTable = (evaluations: readonly Evaluation[]): string => {
  const cells = (evaluation: Evaluation | undefined, columns: readonly string[]): string[] =>
    evaluation === undefined
      ? [NONE, ...columns.map(() => NONE)]
      : [showCount(evaluation.n), ...columns.map((name) => withInterval(evaluation, name))];
  const find = (title: string, protocol: Evaluation['protocol']) =>
    evaluations.find((evaluation) => evaluation.title === title && evaluation.protocol === protocol);
  return table(
    ['', 'known people: slices', 'accuracy', 'loss', 'new people: slices', 'accuracy', 'macro F1', 'AUC of people'],
    [...new Set(evaluations.map(({ title }) => title))].map((title) => [
      title,
      ...cells(find(title, 'card'), ['accuracy', 'loss']),
      ...cells(find(title, 'subject-disjoint'), ['accuracy', 'macroF1', 'personAuc']),
    ]),
  );
};

/** Slices of known people: accuracy and the Trainer's loss, as the seed's card has them. */
export const knownPeopleTable = (evaluations: readonly Evaluation[]): string =>
  table(
    ['', 'slices', 'people', 'accuracy', 'loss', 'macro F1'],
    rowsOf(by('card', evaluations), ['accuracy', 'loss', 'macroF1']),
  );

/** People that were in no training set. */
export const newPeopleTable = (evaluations: readonly Evaluation[]): string =>
  table(
    ['', 'slices', 'people', 'accuracy', 'loss', 'macro F1', 'AUC of people'],
    rowsOf(by('subject-disjoint', evaluations), ['accuracy', 'loss', 'macroF1', 'personAuc']),
  );

/** Of runs with figures per class; baselines are left out. */
export const perClassTable = (evaluations: readonly Evaluation[]): string =>
  table(
    ['', 'label', 'slices', 'people', 'precision', 'recall', 'F1'],
    evaluations
      .filter(({ role }) => role !== 'baseline')
      .flatMap(({ title, protocol, perClass }) =>
        perClass.map(({ label, n, people, precision, recall, f1 }) => [
          `${title}, ${nameOf(protocol)}`,
          label,
          showCount(n),
          showCount(people),
          ...[precision, recall, f1].map((figure) => showFigure(figure)),
        ]),
      ),
  );

export const calibrationTable = (evaluations: readonly Evaluation[]): string =>
  table(
    ['', 'slices', 'people', 'ECE', 'Brier'],
    evaluations
      .filter(({ figures }) => typeof figures.ece?.value === 'number')
      .map((evaluation) => [
        `${evaluation.title}, ${nameOf(evaluation.protocol)}`,
        ...(rowsOf([evaluation], ['ece', 'brier'])[0] as string[]).slice(1),
      ]),
  );

/** One column a share; every run of a card has the same shares. */
export const coverageTable = (evaluations: readonly Evaluation[]): string => {
  const covered = evaluations.filter(({ role, coverage }) => role !== 'baseline' && coverage.length > 0);
  const shares = covered[0]?.coverage.map(({ coverage }) => coverage) ?? [];
  return table(
    ['', ...shares.map((share) => `${showFigure(100 * share)} % of the slices`)],
    covered.map(({ title, protocol, coverage }) => [
      `${title}, ${nameOf(protocol)}`,
      ...shares.map((share) => showFigure(coverage.find((point) => point.coverage === share)?.accuracy)),
    ]),
  );
};

const nameOf = (protocol: Evaluation['protocol']): string => (protocol === 'card' ? 'known people' : 'new people');

/** The Trainer's table of every run that has one, below what was run. */
export const trainingSection = (runs: readonly RunRecord[]): string =>
  runs
    .filter(({ epochs, seconds }) => epochs.length > 0 || seconds !== null)
    .filter(({ protocol }) => protocol === 'none')
    .map((run) => [describeTraining(run), ...(run.epochs.length > 0 ? [epochTable(run.epochs)] : [])].join('\n\n'))
    .join('\n\n');

const describeTraining = ({ title, trainedOn, method, seconds, machine, reportedBy }: RunRecord): string =>
  [
    `${title}: trained on ${trainedOn}; ${method}`,
    seconds === null ? null : `${showCount(seconds)} s`,
    machine === null ? null : (machine.accelerator ?? `${machine.cpus} cores, ${machine.cpu}`),
    reportedBy === null ? null : `reported by ${reportedBy}`,
  ]
    .filter((part) => part !== null)
    .join('; ')
    .concat('.');

const epochTable = (epochs: readonly Epoch[]): string => {
  const hasNewPeople = epochs.some(({ newPeopleLoss }) => newPeopleLoss !== null);
  const header = ['epoch', 'step', 'training loss', 'validation loss', 'accuracy'];
  return table(
    hasNewPeople ? [...header, 'loss, new people', 'accuracy, new people'] : header,
    epochs.map((epoch) => [
      showFigure(epoch.epoch),
      showCount(epoch.step),
      ...[epoch.trainingLoss, epoch.validationLoss, epoch.accuracy].map((value) => showFigure(value, 4)),
      ...(hasNewPeople ? [epoch.newPeopleLoss, epoch.newPeopleAccuracy].map((value) => showFigure(value, 4)) : []),
    ]),
  );
};

/** What each row rests on. */
export const runList = (evaluations: readonly Evaluation[]): string =>
  evaluations
    .map(
      ({ run, title, trainedOn, evaluatedOn, method, reportedBy, interval }) =>
        `- \`${run}\`: ${title}. Trained on ${trainedOn}; evaluated on ${evaluatedOn}. ${method}` +
        `${interval === null ? '' : `; intervals ${interval}`}${reportedBy === null ? '' : `; reported by ${reportedBy}`}.`,
    )
    .join('\n');
