import { NOTICE } from '../../core/contract';
import type { TrainedHead } from '../../core/linear/trained-head';
import type { ModelManifest } from '../../core/model-manifest';

type Figure = TrainedHead['crossValidation']['accuracy'];

const showFigure = ({ value, low, high }: Figure): string =>
  `${value.toFixed(4)}${low === null || high === null ? '' : ` (95 % ${low.toFixed(4)} to ${high.toFixed(4)})`}`;

/** What was trained and how good it is, for a person. */
export const summarizeHead = (manifest: ModelManifest, out: string): string[] => {
  const { head, name, version, digest, labels } = manifest;
  if (head === null) return [];
  const { scans, subjects, perLabel, inversePenalty, crossValidation, backbone, maxLogitDifference, images } = head;
  const who = subjects === null ? 'subjects not known' : `${subjects} subjects`;
  const counts = perLabel.map((each) => `${each.label} ${each.scans}`).join(', ');
  const leftOut = subjects === null ? 'scans' : 'subjects';
  return [
    `${name} ${version}  ${labels.length} labels, trained on ${scans} scans, ${who}: ${counts}`,
    digest,
    `backbone ${backbone.name} ${backbone.version}, ${backbone.digest}`,
    `L2 penalty 1 / C with C = ${inversePenalty}, by ${crossValidation.folds} folds of ${leftOut}: accuracy ` +
      `${showFigure(crossValidation.accuracy)}, loss ${showFigure(crossValidation.loss)} on ${leftOut} left out`,
    `logits as served within ${maxLogitDifference} of weight x features + bias on ${images} scans`,
    `wrote ${out}`,
    NOTICE,
  ];
};
