import type { Contrast, PeopleFigures, ScanFigures } from '../../core/metrics/evaluation';
import type { ModelManifest } from '../../core/model-manifest';

/** A scan that no figure counts. */
export interface FailedScan {
  /** 1 for the first scan of the set. */
  readonly position: number;
  /** Line of its CSV file; null in a set of folders. */
  readonly row: number | null;
  readonly code: string;
  readonly message: string;
}

/** What `sulcus evaluate` found: `report.json` and `--json`. No file names, no subjects. */
export interface EvaluationReport extends ScanFigures {
  readonly schemaVersion: 1;
  readonly model: Pick<ModelManifest, 'name' | 'version' | 'digest' | 'labels'> & {
    readonly quantization: ModelManifest['quantization']['scheme'];
  };
  readonly data: {
    /** Pictures through the served path, or logits that came as a table: then without the bundle's input gate. */
    readonly source: 'scans' | 'logits';
    /** Scans of the subset: evaluated and failed. */
    readonly scans: number;
    readonly evaluated: number;
    readonly failed: readonly FailedScan[];
    readonly perLabel: Readonly<Record<string, number>>;
    /** Null when the set names none. */
    readonly subjects: number | null;
    /** `column=value` of the subset; empty for the whole set. */
    readonly selected: readonly string[];
    /** Whether none of these subjects has scans outside of the subset; null when that cannot be known. */
    readonly subjectDisjoint: boolean | null;
    readonly sharedSubjects: number;
  };
  readonly definitions: {
    readonly loss: string;
    readonly calibratedLoss: string;
    readonly macroF1: string;
    readonly ece: string;
    readonly brier: string;
    readonly people: string;
    readonly intervals: string;
  };
  readonly bootstrap: { readonly by: 'subject' | 'scan'; readonly replicates: number; readonly seed: number };
  readonly contrast: Contrast | null;
  /** By subject; null when the set names none. */
  readonly people: PeopleFigures | null;
  readonly notice: string;
}

export const definitionsOf = (
  activation: ModelManifest['activation'],
  by: 'subject' | 'scan',
): EvaluationReport['definitions'] => ({
  loss:
    activation === 'softmax'
      ? 'mean cross-entropy of the softmax of the plain logits, as the Trainer reports it; calibration does not change it'
      : 'mean binary cross-entropy of the plain logits over scans and labels, as the Trainer reports it',
  calibratedLoss: 'mean -log of the score that is served for the true label',
  macroF1: 'mean F1 of the labels that occur in the set',
  ece: 'expected calibration error of the top score, 15 bins of equal width',
  brier: 'mean over scans of the sum over labels of (score - truth) squared',
  people: 'mean of the scores over all scans of a subject; its label is the most frequent one of its scans',
  intervals: `95 % percentile bootstrap, drawn by ${by}${by === 'subject' ? ' with all of its scans' : ''}`,
});
