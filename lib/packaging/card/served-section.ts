import type { Calibration } from '../../core/calibration/calibration-schema';
import type { ModelManifest } from '../../core/model-manifest';
import { showCount, showFigure, table } from './card-tables';

/**
 * What is served in place of plain scores, from the calibration that the bundle carries: what was fitted on whom, and how
 * good it was on people left out of the fit. Empty where a bundle has none, as its scores are plain.
 */
export const servedSection = ({ calibration }: Pick<ModelManifest, 'calibration'>): string =>
  calibration === null ? '' : `\n\n### Scores as served\n\n${describe(calibration)}\n\n${figures(calibration)}`;

const describe = (calibration: Calibration): string => {
  const { temperature, bias, threshold, fit, gate } = calibration;
  const labels = Object.entries(fit.perLabel).map(([label, scans]) => `${label} ${showCount(scans)}`);
  const sentences = [
    `Logits are divided by ${showFigure(temperature)}${bias === null ? '' : ', get a bias per label'} and only then become scores`,
    `fitted on ${fit.source}: ${showCount(fit.scans)} slices of ${showCount(fit.subjects)} people (${labels.join(', ')})`,
    `figures below are of people left out of the fit, by ${fit.folds} folds`,
    `it abstains for low confidence when the score is below ${showFigure(threshold.score)} or the two highest are closer ` +
      `than ${showFigure(threshold.margin)} (${threshold.rule})`,
    gate === null
      ? 'there is no input gate: whatever comes is classified'
      : `an input gate of ${showCount(gate.scans)} slices abstains on what is unlike them, and did so for ` +
        `${showFigure(gate.falseRejects, 4)} of left-out ones`,
  ];
  return `${sentences.map((text) => text.charAt(0).toUpperCase() + text.slice(1)).join('. ')}.`;
};

const figures = ({ bias, fit }: Calibration): string => {
  const interval = fit.eceInterval === null ? '' : ` (${fit.eceInterval.map((end) => showFigure(end)).join(' to ')})`;
  return table(
    ['', 'loss', 'ECE', 'coverage', 'accuracy on the covered'],
    [
      ['plain', showFigure(fit.lossBefore), showFigure(fit.eceBefore), '1', showFigure(fit.accuracy)],
      [
        'as served',
        showFigure(bias === null ? fit.loss : fit.lossWithBias),
        `${showFigure(fit.ece)}${interval}`,
        showFigure(fit.coverage),
        showFigure(fit.coveredAccuracy),
      ],
    ],
  );
};
