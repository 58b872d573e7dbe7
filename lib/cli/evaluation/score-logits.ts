import { lowConfidence } from '../../core/calibration/apply-calibration';
import { rankScores } from '../../core/classify-scan';
import type { LabelScore } from '../../core/contract';
import { SulcusError } from '../../core/errors';
import type { ScoredScan } from '../../core/metrics/scored-scan';
import type { ModelManifest } from '../../core/model-manifest';
import type { LogitTable } from '../calibration/logit-table';

/**
 * Logits as the bundle would serve them, whoever made them: its calibration and its thresholds, without its input gate, which
 * needs the pictures.
 * @throws INVALID_REQUEST for a row without a label
 */
export const scoreLogits = ({ logits, targets, subjects }: LogitTable, manifest: ModelManifest): ScoredScan[] =>
  logits.map((own, scan) => {
    const truth = targets[scan];
    if (truth === undefined || truth === null) {
      throw new SulcusError(
        'INVALID_REQUEST',
        `expected a label for each scan, received none for scan ${scan + 1} of the logits`,
      );
    }
    const ranked = rankScores(own, manifest);
    const { labels, calibration, activation } = manifest;
    const scores = ranked.map(({ score }) => score);
    return {
      truth,
      ...inLabelOrder(ranked, labels),
      subject: subjects?.[scan] ?? null,
      abstainReason: calibration === null ? null : lowConfidence(scores, activation, calibration),
    };
  });

/** Scores and logits in the order of the labels, out of any. */
export const inLabelOrder = (
  ranked: readonly LabelScore[],
  labels: readonly string[],
): Pick<ScoredScan, 'scores' | 'logits'> => {
  const byLabel = new Map(ranked.map((entry) => [entry.label, entry]));
  return {
    scores: labels.map((label) => byLabel.get(label)?.score as number),
    logits: labels.map((label) => byLabel.get(label)?.logit as number),
  };
};
