import { lowConfidence } from '../../core/calibration/apply-calibration';
import { rankScores } from '../../core/classify-scan';
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
    const byLabel = new Map(rankScores(own, manifest).map(({ label, score }) => [label, score]));
    const scores = manifest.labels.map((label) => byLabel.get(label) as number);
    const { calibration, activation } = manifest;
    return {
      truth,
      scores,
      logits: own,
      subject: subjects?.[scan] ?? null,
      abstainReason: calibration === null ? null : lowConfidence(scores, activation, calibration),
    };
  });
