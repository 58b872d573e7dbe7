import { NOTICE } from '../../core/contract';
import type { ModelManifest } from '../../core/model-manifest';

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** What was fitted and how good it is, for a person. */
export const summarizeCalibration = (manifest: ModelManifest, out: string): string[] => {
  const { calibration, name, version, digest } = manifest;
  if (calibration === null) return [];
  const { temperature, bias, threshold, fit, gate } = calibration;
  const who = fit.subjects === null ? 'subjects not known' : `${fit.subjects} subjects`;
  const interval =
    fit.eceInterval === null ? '' : `, 95 % ${fit.eceInterval.map((end) => end.toFixed(3)).join(' to ')}`;
  const withBias = fit.lossWithBias === null ? 'not tried' : `${fit.lossWithBias.toFixed(4)} with it`;
  return [
    `${name} ${version}  calibrated on ${fit.scans} scans, ${who} (${fit.source})`,
    digest,
    `temperature ${temperature.toPrecision(4)}, bias ${bias === null ? 'none' : bias.map((b) => b.toFixed(3)).join(' ')} ` +
      `(loss of left-out subjects ${fit.lossBefore.toFixed(4)} plain, ${fit.loss.toFixed(4)} calibrated, ${withBias})`,
    `ECE of left-out subjects ${fit.eceBefore.toFixed(4)} plain, ${fit.ece.toFixed(4)} calibrated${interval}`,
    `abstains under a score of ${threshold.score.toFixed(4)} or a margin of ${threshold.margin} (${threshold.rule}): ` +
      `answers ${percent(fit.coverage)}` +
      (fit.coveredAccuracy === null ? '' : `, ${percent(fit.coveredAccuracy)} of those right`),
    gate === null
      ? 'no input gate'
      : `input gate of ${gate.scans} slices, refuses ${percent(gate.falseRejects)} of left-out ones`,
    `wrote ${out}`,
    NOTICE,
  ];
};
